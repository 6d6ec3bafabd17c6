"""Laws of areas: no order of reading a path goes round them, the most specific one decides, and it is explained so."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote, unquote_to_bytes

from hypothesis import assume, example, given
from hypothesis import strategies as st

from netguard import Area, Policy, explain
from netguard.core import decide
from netguard.messages import Continue, Request, Respond
from netguard.patterns import Pattern, PatternMap
from netguard.plan import Plan
from netguard.rules.paths import Ambiguity

DEPTH = 3  # readings, one after the other

bits = st.sampled_from(
    [b"/", b"//", b"admin", b"x", b"club", b".", b"..", b"/./", b"/../", b"%2f", b"%252e", b"%252f", b"%25252f",
     b"%5c", b"\\", b";", b";v=1", b"%3b", b"%00", b"%2500", b"%61dmin", b"%2561dmin", b"%c0%ae",
     b"%c0%af", b"%25c0%25af", b"%e0%80%af",
     b"?", b"%3f", b"%23", b"%2e", b"http:", b"localhost", b"%", b"%zz", b"\xff", b"%0a"]
)  # fmt: skip
targets = st.lists(bits, max_size=9).map(b"".join) | st.binary(max_size=20)
rooted = targets.map(lambda target: b"/" + target)
guards = st.lists(
    st.sampled_from(["/admin/*", "/admin", "/x", "/club/{id}", "/club/admin/*", "POST /admin", "GET /x/*", "/*", "/"]),
    min_size=1, max_size=3, unique=True,
)  # fmt: skip


# What one hop may do, each written anew and slowly.


def decoded(path: str) -> str:
    return unquote(path)


def cut(path: str) -> str:
    return re.sub(r"[\0?#](?s:.*)", "", path)


def turned(path: str) -> str:
    return path.replace("\\", "/")


def bare(path: str) -> str:
    return re.sub(r";[^/]*", "", path)


def without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, after slashes were merged."""
    path = re.sub("/+", "/", "/" + path)
    while re.search(r"/\.(/|$)", path):
        path = re.sub(r"/\.(/|$)", "/", path, count=1)
    while found := re.search(r"(^|/[^/]+)/\.\.(/|$)", path):
        path = path[: found.start()] + "/" + path[found.end() :]
    return path


def below_authority(path: str) -> str:
    if path.startswith("/") and not path.startswith("//"):
        return path
    return re.sub(r"^([^/:]*:)?//[^/]*|^[^/]+", "", path, count=1)


def narrowed(path: str) -> str:
    raw = unquote_to_bytes(path)
    for sign in b"./\\;a":
        for long in (bytes([0xC0 | sign >> 6, 0x80 | sign & 63]), bytes([0xE0, 0x80 | sign >> 6, 0x80 | sign & 63])):
            raw = raw.replace(long, bytes([sign]))
    return raw.decode("utf-8", "replace")


HOPS: Sequence[Callable[[str], str]] = (decoded, cut, turned, bare, without_dots, below_authority, narrowed)


def readings(path: str) -> set[str]:
    """Everything that up to three hops, in any order, may take a path for."""
    found = level = {path}
    for _ in range(DEPTH):
        level = {hop(one) for one in level for hop in HOPS} - found
        found = found | level
    return found


def asked(target: bytes, method: str = "GET") -> Request:
    """The request of a target as servers hand it on: cut at the query, decoded once."""
    target = target.partition(b"?")[0]
    return Request(method, unquote(target), {}, target=target, client="192.0.2.1", host="booking.example")


@given(rooted | targets, guards, st.sampled_from(["GET", "POST"]))
@example(b"/club/%252e%252e/x/%2e%2e/%2e%2e", ["/club/{id}"], "GET")
@example(b"/%25252561dmin", ["/admin"], "GET")
@example(b"localhost/admin", ["/admin"], "GET")
@example(b"/%c0%ae/admin", ["/admin"], "GET")
def test_no_order_of_reading_goes_round_a_guard(target: bytes, written: list[str], method: str) -> None:
    request = asked(target, method)
    patterns = PatternMap("test", [(text, text) for text in written], guarding=True)
    plain = set(patterns.match(method, request.path))
    reached = {text for path in readings(request.path) for text in patterns.match(method, path)}
    refusal = Ambiguity((text, True) for text in written).check(request)
    if reached - plain:
        assert refusal is not None
        assert refusal.enforced


@given(rooted)
def test_what_nobody_guards_is_never_refused(target: bytes) -> None:
    plan = Plan(Policy(hosts=["booking.example"], https=False, origin=False))
    assert isinstance(decide(plan, asked(target)), Continue)


@given(st.lists(st.sampled_from(["club", "a", "7", "é b", "x.json", "a+b"]), max_size=5), guards)
def test_a_path_without_odd_signs_is_never_refused(parts: list[str], written: list[str]) -> None:
    target = "/" + "/".join(parts)
    assert Ambiguity((text, True) for text in written).check(asked(target.replace(" ", "%20").encode())) is None


# The most specific area.

segments = st.sampled_from(["a", "b", "{id}"])
shapes = st.builds(
    lambda method, parts, rest: f"{method}/{'/'.join([*parts, *(['*'] if rest else [])])}",
    st.sampled_from(["", "GET ", "POST "]), st.lists(segments, max_size=3), st.booleans(),
)  # fmt: skip
paths = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).map(lambda parts: "/" + "/".join(parts))


def says_more(one: str, other: str) -> bool:
    """Whether the first of two patterns that match one path says more of it, from the left on."""
    (method, _, shape), (its_method, _, its_shape) = one.rpartition(" "), other.rpartition(" ")
    for part, its in zip([*shape.split("/")[1:], ""], [*its_shape.split("/")[1:], ""], strict=False):
        kinds = [0 if found == "*" else 1 if found == "{id}" else 2 if found else 3 for found in (part, its)]
        if kinds[0] != kinds[1]:
            return kinds[0] > kinds[1]
    return bool(method) > bool(its_method)


def naive(pattern: str, method: str, path: str) -> bool:
    wanted, _, shape = pattern.rpartition(" ")
    want, have = shape.split("/")[1:], [part for part in path.split("/")[1:] if part]
    rest = want[-1:] == ["*"]
    want = [part for part in (want[:-1] if rest else want) if part]
    fits = all(part in ("{id}", found) for part, found in zip(want, have, strict=False))
    return wanted in ("", method) and fits and (len(have) >= len(want) if rest else len(have) == len(want))


@given(st.lists(shapes, min_size=1, max_size=6), st.sampled_from(["GET", "POST"]), paths)
def test_the_most_specific_area_decides(written: list[str], method: str, path: str) -> None:
    written = list({Pattern.parse("test", text): text for text in written}.values())
    plan = Plan(Policy(https=False, origin=False, areas=[Area(text, networks=["198.51.100.0/24"]) for text in written]))
    assert plan.areas is not None
    found = [guard.name for guard in plan.areas.guards(asked(path.encode(), method))]
    matching = [text for text in written if naive(text, method, path)]
    best = [text for text in matching if not any(says_more(other, text) for other in matching)]
    assert found == best


networks = st.sampled_from([None, ["192.0.2.0/24"], ["198.51.100.0/24"]])
areas = st.lists(
    st.tuples(st.sampled_from(["/admin/*", "/admin/x", "/*", "POST /club"]), networks, networks, st.booleans(),
              st.sampled_from(["enforce", "report"])),
    max_size=3, unique_by=lambda area: area[0],
)  # fmt: skip


@given(areas, rooted, st.sampled_from(["GET", "POST"]))
def test_explain_says_what_decide_does(
    made: list[tuple[str, list[str] | None, list[str] | None, bool, str]], target: bytes, method: str
) -> None:
    assume(all(allowed or denied for _, allowed, denied, _, _ in made))
    policy = Policy(
        https=False,
        origin=False,
        areas=[
            Area(path, networks=allowed, deny=denied, hide=hide, mode=mode)  # type: ignore[arg-type]
            for path, allowed, denied, hide, mode in made
        ],
    )
    request = asked(target, method)
    decision, told = decide(Plan(policy), request), explain(policy, request)
    refused = [verdict for verdict in told.trace if verdict.outcome == "refuse"]
    reported = [verdict.code for verdict in told.trace if verdict.outcome == "report"]
    assert isinstance(decision, Continue | Respond)
    assert [note.code for note in decision.notes] == reported
    if isinstance(decision, Respond):
        assert told.decided_by == decision.refusal.code == refused[-1].code == told.trace[-1].code
    else:
        assert not refused
        assert told.decided_by is None
