"""What a start-up warning says of headers that are valid and weak: findings with codes, explained in docs/csp.md.

Hosts with known bypasses (JSONP endpoints, old script libraries) are no finding: such a list is out of date the day it
is printed, and a host that is missing from it would look safe. A nonce with 'strict-dynamic' needs no list of hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from netguard.headers import Headers
from netguard.headers.constant import endpoints
from netguard.headers.csp import CSP, NONCE, NONE, STRICT_DYNAMIC, UNSAFE_INLINE

_SCRIPTS: Final = ("script-src", "script-src-elem", "script-src-attr", "worker-src")
_STYLES: Final = ("style-src", "style-src-elem", "style-src-attr")
_WIDE: Final = frozenset({"*", "https:", "http:", "data:", "blob:", "filesystem:", "https://*", "http://*"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness: its code, a sentence that says it, and the mend."""

    code: str
    sentence: str
    mend: str

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}: {self.mend}"


def lint(headers: Headers) -> list[Finding]:
    """The weaknesses of a policy's headers; ``web``, ``api`` and ``strict`` have none."""
    found: list[Finding] = []
    policies = headers.policies()
    for csp in policies[:1]:  # the twin is an experiment, unless it stands alone
        directives = {name: value for name, value in csp.given().items() if value is not False}
        for rule in _RULES:
            found += [Finding(rule.code, sentence, rule.mend) for sentence in rule.find(directives)]
    found += _unreported(headers)
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Rule:
    code: str
    mend: str
    find: Callable[[Mapping[str, Any]], Iterator[str]]


def _scripts(directives: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    """The directives that decide which scripts run."""
    named = [name for name in _SCRIPTS if name in directives]
    if "script-src" not in named and "default-src" in directives:
        named.append("default-src")
    yield from ((name, directives[name]) for name in named)


def _bound(sources: Sequence[str]) -> bool:
    """Whether a nonce or a hash says which scripts run."""
    return any(source == NONCE or source.startswith("'sha") for source in sources)


def _unsafe_inline(directives: Mapping[str, Any]) -> Iterator[str]:
    for name, sources in _scripts(directives):
        if UNSAFE_INLINE in sources and not _bound(sources):
            yield f"{name} has 'unsafe-inline', so that an injected script runs"


def _idle_inline(directives: Mapping[str, Any]) -> Iterator[str]:
    for name in (*_SCRIPTS, *_STYLES, "default-src"):
        if UNSAFE_INLINE in directives.get(name, ()) and _bound(directives[name]):
            yield f"{name} has 'unsafe-inline' beside a nonce or a hash, where browsers ignore it"


def _eval(directives: Mapping[str, Any]) -> Iterator[str]:
    for name, sources in _scripts(directives):
        if "'unsafe-eval'" in sources:
            yield f"{name} has 'unsafe-eval', so that text becomes code"


def _inert(directives: Mapping[str, Any]) -> bool:
    """Whether the policy is one of answers that load nothing and run nothing, such as JSON."""
    fetched = [value for name, value in directives.items() if name.endswith(("-src", "-src-elem", "-src-attr"))]
    return "default-src" in directives and all(list(value) == [NONE] for value in fetched)


def _missing(name: str, effect: str, *, fallback: str = "", inert: bool = False) -> Callable[..., Iterator[str]]:
    def find(directives: Mapping[str, Any]) -> Iterator[str]:
        if not {name, fallback} & directives.keys() and not (inert and _inert(directives)):
            yield f"{name} is missing{f', and so is {fallback}' if fallback else ''}: {effect}"

    return find


def _plain_http(directives: Mapping[str, Any]) -> Iterator[str]:
    for name, value in directives.items():
        sources = () if isinstance(value, bool | str) else value
        plain = [source for source in sources if source.lower().startswith(("http:", "ws:"))]
        if plain:
            yield f"{name} allows {plain[0]}, which anybody on the network can change"


def _wide(directives: Mapping[str, Any]) -> Iterator[str]:
    objects = [(name, directives[name]) for name in ("object-src", "base-uri") if name in directives]
    for name, sources in (*_scripts(directives), *objects):
        wide = sorted(_WIDE.intersection(sources))
        if wide and STRICT_DYNAMIC not in sources:
            yield f"{name} allows {wide[0]}, which everybody can serve from"


def _dynamic(directives: Mapping[str, Any]) -> Iterator[str]:
    for name, sources in _scripts(directives):
        if STRICT_DYNAMIC in sources and not _bound(sources):
            yield f"{name} has 'strict-dynamic' without a nonce or a hash, so that no script runs"


def _framed(directives: Mapping[str, Any]) -> Iterator[str]:
    for name in ("frame-ancestors", "form-action"):
        wide = sorted(_WIDE.intersection(directives.get(name, ())))
        if wide:
            yield f"{name} allows {wide[0]}, which is everybody"


def _old_reporting(directives: Mapping[str, Any]) -> Iterator[str]:
    if "report-uri" in directives and "report-to" not in directives:
        yield "report-uri is deprecated, and stands alone"


_RULES: Final = (
    _Rule("CSP001", "give the scripts the nonce, or list their hashes (netguard csp-hash)", _unsafe_inline),
    _Rule("CSP002", "leave 'unsafe-inline' out", _idle_inline),
    _Rule("CSP003", "rewrite eval(text); WebAssembly needs 'wasm-unsafe-eval' only", _eval),
    _Rule("CSP004", "write base_uri=[NONE]", _missing("base-uri", "an injected <base> moves scripts", inert=True)),
    _Rule("CSP005", "write object_src=[NONE]", _missing("object-src", "plug-ins load", fallback="default-src")),
    _Rule("CSP006", "write https: and wss: addresses", _plain_http),
    _Rule("CSP007", "name the hosts, or use the nonce with 'strict-dynamic'", _wide),
    _Rule("CSP008", "add NONCE", _dynamic),
    _Rule("CSP009", "write frame_ancestors=[NONE] or [SELF]", _missing("frame-ancestors", "any site may frame a page")),
    _Rule("CSP010", "write form_action=[SELF]", _missing("form-action", "an injected form posts anywhere", inert=True)),
    _Rule("CSP011", "write script_src", _missing("script-src", "any script runs", fallback="default-src")),
    _Rule("CSP012", "name the sites", _framed),
    _Rule("CSP013", "add report_to, or write report_path", _old_reporting),
)
_NOWHERE: Final = "write CSP(report_path='/csp-reports'), or report_to and reporting_endpoints"


def _unreported(headers: Headers) -> Iterator[Finding]:
    known = endpoints(headers)
    twin = headers.csp_report_only
    if isinstance(twin, CSP) and not {"report-uri", "report-to"} & {k for k, v in twin.given().items() if v}:
        yield Finding("CSP014", "csp_report_only reports to nobody", _NOWHERE)
    named = [csp.given().get("report-to") for csp in headers.policies()] + [headers.report_to]
    for name in named:
        if isinstance(name, str) and name not in known:
            mend = f"add it: reporting_endpoints={{{name!r}: '/reports'}}"
            yield Finding("CSP015", f"report_to names {name!r}, which is no endpoint", mend)
    if not isinstance(headers.report_to, str):
        yield from _mute_experiments(headers, known)


def _mute_experiments(headers: Headers, known: Mapping[str, str]) -> Iterator[Finding]:
    integrity = headers.integrity_policy_report_only
    mute = {
        "cross_origin_opener_policy_report_only": True,
        "cross_origin_embedder_policy_report_only": True,
        "permissions_policy_report_only": "default" not in known,
        "integrity_policy_report_only": not getattr(integrity, "endpoints", ()),
    }
    for name, lost in mute.items():
        if lost and getattr(headers, name):
            yield Finding(
                "CSP016", f"{name} reports to nobody", "write Headers(report_to=..., reporting_endpoints=...)"
            )
