"""The CSP that recorded reports ask for: proposed, never applied; what would weaken the policy is a remark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from netguard.headers.csp import CSP
from netguard.headers.sources import NONCE, NONE, PARENTS, SELF, STRICT_DYNAMIC, fallbacks

_ORIGIN: Final = re.compile(r"(?:https|wss)://[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?\Z")
_LEARNT: Final = frozenset(
    "child-src connect-src font-src form-action frame-src img-src manifest-src media-src script-src script-src-attr "
    "script-src-elem style-src style-src-attr style-src-elem worker-src".split()
)
_CONSTANTS: Final = {SELF: "SELF", NONE: "NONE", NONCE: "NONCE", STRICT_DYNAMIC: "STRICT_DYNAMIC"}
_EXTENSIONS: Final = ("extension:", "safari-resource:", "about:", "chrome:", "resource:")
_WORDS: Final = {
    "inline": "is inline: give the element the nonce, or list its hash (netguard csp-hash); 'unsafe-inline' is no mend",
    "inline-attribute": "is an event handler or a style attribute: move it to a script or a style sheet",
    "eval": "runs text as code: rewrite it; 'unsafe-eval' is no mend",
    "wasm-eval": "compiles WebAssembly: 'wasm-unsafe-eval' allows that and nothing else, if it is yours",
    "wasm": "compiles WebAssembly: 'wasm-unsafe-eval' allows that and nothing else, if it is yours",
    "data:": "is a data: address, which an attacker can write too: serve it as a file",
    "blob:": "is a blob: address, made by a script: allow it by hand if the script is yours",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Directives to write into the policy, and remarks on what was reported and is not proposed."""

    directives: Mapping[str, tuple[str, ...]]  # by keyword, as "img_src"
    remarks: tuple[str, ...]

    def csp(self) -> CSP:
        """The proposal as a section."""
        directives: dict[str, Any] = {name: list(sources) for name, sources in self.directives.items()}
        return CSP(**directives)

    def python(self) -> str:
        """As Python text."""
        lines = [f"    {name}=[{', '.join(map(_word, sources))}],\n" for name, sources in self.directives.items()]
        return f"{self._comments()}CSP(\n{''.join(lines)})\n" if lines else f"{self._comments()}CSP()\n"

    def toml(self) -> str:
        """As the lines of a policy file."""
        lines = [f"{name} = [{', '.join(map(_quoted, sources))}]\n" for name, sources in self.directives.items()]
        return f"{self._comments()}[headers.csp]\n{''.join(lines)}"

    def _comments(self) -> str:
        return "".join(f"# {remark}\n" for remark in self.remarks)


def propose(reports: Iterable[Mapping[str, object]], base: CSP) -> Proposal:
    """What ``base``, the policy that was in force, needs for what was reported to work.

    Anybody can send a report, so a person must know each origin before it is allowed: a remark says so.
    """
    directives: dict[str, tuple[str, ...]] = {}
    remarks: dict[str, None] = {}
    given = base.given()
    for directive, blocked, where in sorted(set(_violations(reports))):
        name = _owner(directive, given)
        sources = directives.get(_keyword(name), _effective(name, given))
        wanted, why = _wanted(name, blocked, where, sources)
        if wanted and wanted not in sources:
            kept = tuple(source for source in sources if source != NONE)
            directives[_keyword(name)] = (*kept, wanted)
        elif why:
            remarks[f"{directive}: {why}"] = None
    if directives:
        remarks["anybody can send reports: keep the origins that you know"] = None
    return Proposal(dict(sorted(directives.items())), tuple(remarks))


def _violations(reports: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str, str]]:
    """(directive, what was blocked, the page), of what may as well be a file that somebody edited."""
    for report in reports:
        if report.get("kind") == "csp-violation":
            texts = [str(report.get(name, "")) for name in ("directive", "blocked", "document", "source")]
            clean = ["".join(char for char in text[:500] if char.isprintable()) for text in texts]
            place = f"{clean[3] or clean[2]}{_at(report.get('line'))}"
            yield clean[0], _shown(*clean[:3]), place if clean[1] in _WORDS else clean[2]


def _at(line: object) -> str:
    return f":{line}" if isinstance(line, int) and line else ""


def _shown(directive: str, blocked: str, document: str) -> str:
    """What was blocked, where the page's own origin is 'self'."""
    if blocked == "inline" and directive.endswith("-attr"):
        return "inline-attribute"
    page = urlsplit(document)
    return SELF if blocked == "self" or blocked == f"{page.scheme}://{page.netloc}".lower() else blocked


def _owner(directive: str, given: Mapping[str, Any]) -> str:
    """The directive to change: the one that decided, not the finer one that nobody wrote."""
    if directive in given or not directive.endswith(("-elem", "-attr")):
        return directive
    return next(iter(PARENTS.get(directive, (directive,))))


def _effective(name: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    return next((tuple(given[parent]) for parent in (name, *fallbacks(name)) if given.get(parent)), ())


def _wanted(name: str, blocked: str, where: str, sources: Sequence[str]) -> tuple[str, str]:
    """The source to add, or why there is none."""
    if name not in _LEARNT:
        return "", f"what it refused on {where or 'a page'} is not proposed: change it by hand"
    if blocked in _WORDS:
        return "", f"something at {where or 'a page'} {_WORDS[blocked]}"
    if any(part in blocked for part in _EXTENSIONS):
        return "", f"{blocked} is the reader's own browser or extension: nothing to allow"
    if blocked != SELF and not _ORIGIN.match(blocked):
        return "", f"{blocked or 'something unnamed'} on {where or 'a page'} is no https: origin: not proposed"
    if STRICT_DYNAMIC in sources:
        return (
            "",
            f"{blocked} is loaded on {where}: under 'strict-dynamic' give its element the nonce, hosts are ignored",
        )
    return blocked, ""


def _keyword(name: str) -> str:
    return name.replace("-", "_")


def _word(source: str) -> str:
    return _CONSTANTS.get(source) or _quoted(source)


def _quoted(source: str) -> str:
    return f'"{source}"'
