"""Content-Security-Policy (CSP Level 3): a typed builder whose nonce is dropped where no page read it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from netguard.checks import UNSET, listing, nearest, one_of, section
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

_FALLING_BACK: Final = frozenset({"script-src", "style-src"})  # to default-src and nothing else

Sources = Sequence[str] | Literal[False]


@section
class CSP:
    """Each directive as a list of sources, as in ``CSP(script_src=[SELF, NONCE], img_src=[SELF, "https://cdn.example"])``.

    Starts from the preset's directives and replaces those it names; ``CSP.only(...)`` starts from nothing.
    ``False`` drops a directive. Keywords are written with their quotes (``"'self'"`` or ``SELF``); anything that a
    browser would not read as written is a ConfigError. Directives leave in one fixed order (CSP3, 2.2).
    """

    default_src: Sources = UNSET
    base_uri: Sources = UNSET
    child_src: Sources = UNSET
    connect_src: Sources = UNSET
    fenced_frame_src: Sources = UNSET
    font_src: Sources = UNSET
    form_action: Sources = UNSET
    frame_ancestors: Sources = UNSET
    frame_src: Sources = UNSET
    img_src: Sources = UNSET
    manifest_src: Sources = UNSET
    media_src: Sources = UNSET
    object_src: Sources = UNSET
    require_trusted_types_for: Sources = UNSET
    sandbox: Sources = UNSET
    script_src: Sources = UNSET
    script_src_attr: Sources = UNSET
    script_src_elem: Sources = UNSET
    style_src: Sources = UNSET
    style_src_attr: Sources = UNSET
    style_src_elem: Sources = UNSET
    trusted_types: Sources = UNSET
    worker_src: Sources = UNSET
    upgrade_insecure_requests: bool = UNSET
    from_preset: bool = True

    def __post_init__(self) -> None:
        one_of("CSP.from_preset", self.from_preset, (True, False))
        for name, value in self.given().items():
            if name == "upgrade-insecure-requests":
                one_of(f"CSP {name}", value, (True, False))
            elif value is not False:
                _check_sources(name, listing(f"CSP {name}", value, str))

    @classmethod
    def only(cls, **directives: Any) -> CSP:  # the same keywords as CSP(...), checked there
        """A policy of these directives alone, with nothing from the preset."""
        return cls(**directives, from_preset=False)

    def given(self) -> Mapping[str, Any]:
        """The directives that were written, under their names on the wire."""
        fields = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if f.name != "from_preset")
        return {name.replace("_", "-"): value for name, value in fields if value is not UNSET}

    def over(self, preset: CSP) -> CSP:
        """This policy with what it leaves unsaid taken from the preset."""
        if not self.from_preset:
            return self
        names = [f.name for f in dataclasses.fields(self) if getattr(self, f.name) is UNSET]
        return dataclasses.replace(self, **{name: getattr(preset, name) for name in names})

    def appended(self, extra: CSP) -> CSP:
        """This policy with the sources of ``extra`` added; what fell back to default-src starts from its sources."""
        given = self.given()
        changed: dict[str, Any] = {}
        for name, more in extra.given().items():
            fallback = given.get("default-src", ()) if name.endswith("-src") else ()
            present = given.get(name, fallback) or ()
            both = more if isinstance(more, bool) else [*(s for s in present if s != NONE), *more]
            changed[name.replace("-", "_")] = both if isinstance(both, bool) else list(dict.fromkeys(both))
        return dataclasses.replace(self, **changed)


class CompiledCSP:
    """The value in two forms, fixed at start-up: without the nonce, and in pieces that the nonce joins."""

    __slots__ = ("_pieces", "plain")

    def __init__(self, csp: CSP) -> None:
        directives = csp.given()
        self.plain = "; ".join(_lines(directives, nonce=False)).encode("ascii")
        joined = "; ".join(_lines(directives, nonce=True))
        self._pieces = joined.encode("ascii").split(NONCE.encode("ascii"))

    def with_nonce(self, nonce: str) -> bytes:
        """The value for a response whose page used the nonce."""
        return (b"'nonce-%s'" % nonce.encode("ascii")).join(self._pieces)


def _lines(directives: Mapping[str, Any], *, nonce: bool) -> Iterator[str]:
    for name, value in directives.items():
        if value is False:
            continue
        if value is True:
            yield name
            continue
        sources = tuple(value) if nonce else _without_nonce(tuple(value))
        if (
            name in _FALLING_BACK
            and NONCE in value
            and not nonce
            and sources == tuple(directives.get("default-src") or ())
        ):
            continue  # what falls back to default-src needs no saying
        yield " ".join((name, *sources))


def _without_nonce(sources: tuple[str, ...]) -> tuple[str, ...]:
    """An unread nonce goes, and any 'unsafe-inline' that it kept from working: never looser, never empty."""
    if NONCE not in sources:
        return sources
    return tuple(source for source in sources if source not in {NONCE, UNSAFE_INLINE}) or (NONE,)


def _check_sources(name: str, sources: tuple[str, ...]) -> None:
    if NONE in sources and len(sources) > 1:
        raise ConfigError(f"{name}: 'none' stands alone, not beside {[s for s in sources if s != NONE]!r}")
    if not sources and name not in {"sandbox", "trusted_types", "trusted-types"}:
        raise ConfigError(f"{name}: an empty list means nothing to a reader: write [NONE], or False to leave it out")
    for source in sources:
        _check_source(name, source)


def _check_source(name: str, source: str) -> None:
    if not source.isascii() or not source or any(sign in source for sign in ";, \t\r\n\0") or not source.isprintable():
        raise ConfigError(f"{name}: {source!r} has a character that would end it: one source an entry, printable ASCII")
    if name in {"sandbox", "trusted-types"}:
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
