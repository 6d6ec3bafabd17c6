"""The JSON in which providers publish their networks, read by the names of its keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from netguard.checks import nearest
from netguard.errors import ConfigError
from netguard.intervals import STEP, Pause

Item = tuple[str, object]  # the part that a network belongs to, "" for none, and the network as written
Reader = Callable[[Mapping[str, Any]], Iterator[Item]]

_META: Final = frozenset(
    "hooks web api git github_enterprise_importer packages pages importer actions actions_macos codespaces "
    "copilot dependabot".split()
)


def published(text: str, part: str, pause: Pause) -> Iterator[str]:
    """The networks of a published list, of one part of it where that is named; ConfigError for any other JSON."""
    document = _document(text, pause)
    reader = next((reader for keys, reader in _READERS if keys & document.keys()), None)
    if reader is None:
        known = ", ".join(sorted(key for keys, _ in _READERS for key in keys - _META))
        raise ConfigError(f"this JSON has none of the keys of a published list: {known}, or those of GitHub")
    yield from _of_part(reader(document), part, must=reader is _github)


def _document(text: str, pause: Pause) -> Mapping[str, Any]:
    objects = 0

    def read(one: dict[str, Any]) -> dict[str, Any]:
        nonlocal objects
        objects += 1
        if not objects % STEP:
            pause()
        return one

    try:
        document = json.loads(text, object_hook=read)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"this is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError("a published list is a JSON object; a plain list has one network a line")
    return document


def _of_part(items: Iterable[Item], part: str, *, must: bool) -> Iterator[str]:
    parts: dict[str, None] = {}
    found = False
    for name, network in items:
        parts[name] = None
        if part and name != part:
            continue
        if must and not part:
            raise ConfigError(f"say whose networks are meant, as in '#hooks': {network!r} is of {name!r}")
        found = True
        yield _text(network)
    if part and not found:
        raise ConfigError(f"no part {part!r}{nearest(part, parts)}")


def _text(network: object) -> str:
    if not isinstance(network, str):
        raise ConfigError(f"a network is a string, not {network!r}")
    return network


def _prefixes(document: Mapping[str, Any]) -> Iterator[Item]:
    """AWS (``ip-ranges.json``) by service, Google (``goog.json``, ``cloud.json``) by scope."""
    for key in ("prefixes", "ipv6_prefixes"):
        for one in _rows(document, key):
            part = str(one.get("service" if "ip_prefix" in one or "ipv6_prefix" in one else "scope", ""))
            networks = [one[name] for name in ("ip_prefix", "ipv6_prefix", "ipv4Prefix", "ipv6Prefix") if name in one]
            if not networks:
                raise ConfigError(f"{key}: no network in {dict(one)!r}")
            yield part, networks[0]


def _azure(document: Mapping[str, Any]) -> Iterator[Item]:
    """Azure (``ServiceTags_Public_*.json``) by the name of the tag."""
    for one in _rows(document, "values"):
        for network in _list(_object(one.get("properties"), "properties"), "addressPrefixes"):
            yield str(one.get("name", "")), network


def _cloudflare(document: Mapping[str, Any]) -> Iterator[Item]:
    """Cloudflare's API (``/client/v4/ips``)."""
    yield from _lists(_object(document["result"], "result"), ("ipv4_cidrs", "ipv6_cidrs", "jdcloud_cidrs"))


def _fastly(document: Mapping[str, Any]) -> Iterator[Item]:
    """Fastly (``/public-ip-list``)."""
    yield from _lists(document, ("addresses", "ipv6_addresses"))


def _github(document: Mapping[str, Any]) -> Iterator[Item]:
    """GitHub (``/meta``) by key: all of them together would let in what anybody runs in an action."""
    for key in sorted(_META & document.keys()):
        for network in _list(document, key):
            yield key, network


_READERS: Final[Sequence[tuple[frozenset[str], Reader]]] = (
    (frozenset({"prefixes", "ipv6_prefixes"}), _prefixes),
    (frozenset({"values"}), _azure),
    (frozenset({"result"}), _cloudflare),
    (frozenset({"addresses", "ipv6_addresses"}), _fastly),
    (_META, _github),
)


def _lists(document: Mapping[str, Any], keys: Iterable[str]) -> Iterator[Item]:
    for key in keys:
        if key in document:
            yield from (("", network) for network in _list(document, key))


def _rows(document: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    return (_object(one, key) for one in _list(document, key)) if key in document else iter(())


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    if not isinstance(document.get(key), list):
        raise ConfigError(f"{key}: a list is meant, not {document.get(key)!r}")
    return list(document[key])


def _object(value: object, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{key}: an object is meant, not {value!r}")
    return value
