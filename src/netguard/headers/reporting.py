"""Where browsers send their reports (Reporting API): named endpoints, and the checks of names, paths and URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from netguard import structured
from netguard.checks import listing
from netguard.errors import ConfigError

_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+\Z")
_URL: Final = re.compile(r"(?:https://[A-Za-z0-9._~:\[\]-]+)?(?:/(?!/)[!$%&'()*+./0-9:=?@A-Z_a-z~-]*)?\Z")


def reporting_endpoints(endpoints: Mapping[str, str]) -> str:
    """The value of Reporting-Endpoints (Reporting API, 3.3), a dictionary of strings."""
    return structured.dictionary(endpoints)


def check_endpoints(endpoints: object) -> None:
    """Refuse endpoints that no browser would send to: names that are no keys, URLs that are not of a secure origin."""
    if not isinstance(endpoints, Mapping):
        mend = "write a mapping as in {'site': '/reports'}"
        raise ConfigError(f"Headers.reporting_endpoints: {mend}, not {endpoints!r}")
    for name, url in endpoints.items():
        check_name("Headers.reporting_endpoints", name)
        _check_url(f"Headers.reporting_endpoints[{name!r}]", url)


def check_name(where: str, name: object) -> None:
    """Refuse what cannot name an endpoint."""
    if not structured.is_key(name):
        mend = "write lower-case letters, digits, '_', '-' and '.'"
        raise ConfigError(f"{where}: {name!r} cannot name an endpoint: {mend}")


def check_urls(where: str, urls: object) -> None:
    """Refuse what is no list of URLs that reports may go to."""
    listed = listing(where, urls, str)
    if not listed:
        raise ConfigError(f"{where}: an empty list means nothing to a browser: name a URL, or write False")
    for url in listed:
        _check_url(where, url)


def check_path(where: str, path: object) -> None:
    """Refuse what is no plain path of this service."""
    if not isinstance(path, str) or not _PATH.match(path):
        mend = "write a plain path of letters, digits, '-', '_', '.', '~', as in '/csp-reports'"
        raise ConfigError(f"{where}: {path!r} cannot receive reports: {mend}")


def _check_url(where: str, url: object) -> None:
    if not isinstance(url, str) or not url or not _URL.match(url):
        mend = "write an 'https://...' URL or a path such as '/reports', without spaces, quotes, ',' and ';'"
        raise ConfigError(f"{where}: {url!r}: {mend}")
