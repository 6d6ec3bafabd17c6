"""The sources of a CSP directive (CSP3, 2.3.1): their names, and the check that a browser reads them as written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from netguard.checks import nearest
from netguard.errors import ConfigError

SELF: Final = "'self'"
NONE: Final = "'none'"
NONCE: Final = "'nonce'"  # stands for the request's own 'nonce-...'
STRICT_DYNAMIC: Final = "'strict-dynamic'"
UNSAFE_INLINE: Final = "'unsafe-inline'"

_KEYWORDS: Final = frozenset(
    "'self' 'none' 'nonce' 'strict-dynamic' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' 'unsafe-hashes' "
    "'report-sample' 'inline-speculation-rules' 'allow-duplicates' 'script' 'trusted-types-eval' "
    "'unsafe-webtransport-hashes'".split()
)
_HASH: Final = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'\Z")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\Z")
_HOST: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?:\d{1,5}|\*))?(?:/[!$&'()*+.\-/0-9:=@A-Z_a-z~%]*)?\Z"
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_#=/@.%-]+\Z")
_WORDS: Final = frozenset({"sandbox", "trusted-types"})  # whose values are tokens, no sources

# Where each directive falls back to, before default-src (CSP3, 6.8.3).
PARENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "script-src-elem": ("script-src",),
    "script-src-attr": ("script-src",),
    "style-src-elem": ("style-src",),
    "style-src-attr": ("style-src",),
    "frame-src": ("child-src",),
    "worker-src": ("child-src", "script-src"),
}


def fallbacks(name: str) -> tuple[str, ...]:
    """The directives that hold where this one is not written, nearest first; none for what is no fetch directive."""
    if name in PARENTS:
        return (*PARENTS[name], "default-src")
    return ("default-src",) if name.endswith("-src") and name != "default-src" else ()


def check_sources(name: str, sources: tuple[str, ...]) -> None:
    """Refuse what a browser would not read as it was written, in the directive of this name."""
    if NONE in sources and len(sources) > 1:
        raise ConfigError(f"{name}: 'none' stands alone, not beside {[s for s in sources if s != NONE]!r}")
    if not sources and name not in _WORDS:
        raise ConfigError(f"{name}: an empty list means nothing to a reader: write [NONE], or False to leave it out")
    for source in sources:
        _check_source(name, source)


def _check_source(name: str, source: str) -> None:
    if not source.isascii() or not source or any(sign in source for sign in ";, \t\r\n\0") or not source.isprintable():
        raise ConfigError(f"{name}: {source!r} has a character that would end it: one source an entry, printable ASCII")
    if name in _WORDS:
        _check_token(name, source)
    elif source.startswith("'"):
        _check_quoted(name, source)
    elif f"'{source.lower()}'" in _KEYWORDS or source.lower().startswith(("nonce-", "sha256-", "sha384-", "sha512-")):
        raise ConfigError(f"{name}: write \"'{source}'\"{_constant(source)}, not {source}")
    elif not (_SCHEME.match(source) or _HOST.match(source)):
        raise ConfigError(f"{name}: {source!r} is no source: write a keyword, a scheme such as 'https:', or a host")


def _check_token(name: str, source: str) -> None:
    if not (_TOKEN.match(source) or source == "*" or source in _KEYWORDS):
        raise ConfigError(f"{name}: {source!r} is no token{nearest(source, _KEYWORDS)}")


def _check_quoted(name: str, source: str) -> None:
    if source.startswith("'nonce-"):
        raise ConfigError(f"{name}: {source!r} would be the same for everybody: write NONCE, which is new per request")
    if source.lower() != source and source.lower() in _KEYWORDS:
        raise ConfigError(f"{name}: write {source.lower()!r}, not {source!r}")
    if source not in _KEYWORDS and not _HASH.match(source):
        raise ConfigError(f"{name}: unknown keyword {source}{nearest(source, _KEYWORDS)}")


def _constant(source: str) -> str:
    constant = {"self": "SELF", "none": "NONE", "nonce": "NONCE", "strict-dynamic": "STRICT_DYNAMIC"}
    return f" (or {constant[source.lower()]})" if source.lower() in constant else ""
