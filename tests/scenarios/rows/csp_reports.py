"""The receiver of violation reports: what it takes, what it keeps, and what it leaves to the app."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from netguard import CSP, Headers, Policy, RateLimit
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from scenarios.row import PROXY, Answer, Ask, Check, Expect, Outcome, Row, refused

STILL = 1_000_000_000_000  # nanoseconds: no time passes between two requests
PATH = b"/csp-reports"
POLICY = Policy(hosts=["booking.example"], headers=Headers(csp=CSP(report_path="/csp-reports")))
NEW = "Content-Type: application/reports+json"
OLD = "Content-Type: application/csp-report"
PAGE = "https://booking.example/reset?token=s3cret#part"


def new(directive: str = "img-src", blocked: str = "https://cdn.example/a.png?u=1", **more: object) -> dict[str, Any]:
    body = {"effectiveDirective": directive, "blockedURL": blocked, "documentURL": PAGE, **more}
    return {"type": "csp-violation", "age": 1, "url": PAGE, "user_agent": "x", "body": body}


def old(**fields: object) -> dict[str, Any]:
    known = {"document-uri": PAGE, "effective-directive": "img-src", "blocked-uri": "https://cdn.example/a.png?u=1"}
    return {"csp-report": {**known, **fields}}


def deliver(
    written: object,
    kind: str = NEW,
    *,
    fields: Sequence[str] = (),
    target: bytes = PATH,
    method: str = "POST",
    root: str = "",
) -> Ask:
    body = written if isinstance(written, bytes) else json.dumps(written).encode()
    return Ask(method=method, target=target, fields=[kind, *fields], body=[body], root=root)


def reported(**fields: object) -> Check:
    def report_has_exactly_what_is_known(outcome: Outcome) -> bool:
        found = dict(outcome.events[0].report)
        assert found == {"kind": "csp-violation", "disposition": "enforce", **fields}, found
        return True

    return report_has_exactly_what_is_known


def counts(*expected: int) -> Check:
    def counts_of_the_events(outcome: Outcome) -> bool:
        return [event.count for event in outcome.events] == list(expected)

    return counts_of_the_events


def told_in_all(*expected: int) -> Check:
    """The counts that were told over all repetitions."""

    def counts_over_time(outcome: Outcome) -> bool:
        found = [event.count for one in (*outcome.earlier, outcome) for event in one.events]
        return found == list(expected)

    return counts_over_time


def counted_alone(policy: Policy) -> Callable[[], Plan]:
    """The policy with counters of its own."""
    return lambda: Plan(policy, store=MemoryStore(clock=lambda: STILL))


def row(key: str, ask: Ask, expect: Expect, policy: Policy = POLICY, times: int = 1) -> Row:
    made, answer = counted_alone(policy), Answer(reads=True)
    return Row(id=f"reports/{key}", policy=made, ask=ask, answer=answer, expect=expect, times=times)


def received(*codes: str, that: Sequence[Check] = ()) -> Expect:
    return Expect(status=204, reached=False, events=codes, enforced=False, body=b"", that=that)


ONE = {
    "directive": "img-src",
    "blocked": "https://cdn.example",
    "document": "https://booking.example/reset",
}
V = "reports.violation"
MANY = [new(blocked=f"https://cdn{number}.example/") for number in range(25)]

TAKEN: tuple[Row, ...] = (
    row("new", deliver([new()]), received(V, that=[reported(**ONE)])),
    row("new-single-object", deliver(new()), received(V, that=[reported(**ONE)])),
    row("old", deliver(old(), OLD), received(V, that=[reported(**ONE)])),
    row("old-without-effective-directive",
        deliver(old(**{"effective-directive": "", "violated-directive": "img-src 'self'"}), OLD),
        received(V, that=[reported(**ONE)])),
    row("type-with-parameters-and-capitals", deliver([new()], "Content-Type: Application/Reports+JSON; charset=utf-8"),
        received(V)),
    row("none", deliver([]), received()),
    row("aggregated-in-a-request", deliver([new(), new(), new("font-src")]), received(V, V, that=[counts(2, 1)])),
    row("twenty-a-request", deliver(MANY), received(*[V] * 20, "reports.dropped", that=[counts(*[1] * 20, 5)])),
    row("unknown-kinds-are-dropped", deliver([{"type": "crash", "body": {}}, new(), 7, {"type": []}, {}]),
        received(V, "reports.dropped", that=[counts(1, 4)])),
    row("other-known-kinds", deliver([
        {"type": "coep", "body": {"blockedURL": "https://cdn.example/x?y", "disposition": "reporting"}},
        {"type": "permissions-policy-violation", "body": {"featureId": "camera"}},
        {"type": "integrity-violation", "body": {"blockedURL": "https://cdn.example/x.js", "reportOnly": True}},
    ]), received(V, V, V)),
    row("no-unknown-field-is-kept", deliver([new(referrer="https://x.example/?a", originalPolicy="p", extra="e")]),
        received(V, that=[reported(**ONE)])),
    row("details", deliver([new(sourceFile="https://booking.example/a.js?v=1", lineNumber=3, columnNumber=True,
                                sample="alert(1)\n", disposition="report")]),
        received(V, that=[reported(**ONE, source="https://booking.example/a.js", line=3, sample="alert(1) ",
                                   disposition="report")])),
    row("strings-are-cut", deliver([new(sample="x" * 10_000)]), received(V, that=[reported(**ONE, sample="x" * 200)])),
    row("user-names-in-addresses-go", deliver([new(blocked="https://ann:pw@cdn.example/")]),
        received(V, that=[reported(**ONE)])),
    *(
        row(f"blocked/{name}", deliver([new(blocked=blocked)]),
            received(V, that=[reported(**{**ONE, "blocked": kept})]))
        for name, blocked, kept in (
            ("inline", "inline", "inline"), ("eval", "eval", "eval"), ("data", "data", "data"),
            ("data-address", "data:text/html,secret", "data:"), ("blob", "blob:https://booking.example/1", "blob:"),
            ("extension", "chrome-extension://abcdef/x.js", "chrome-extension:"),
            ("port", "HTTPS://CDN.example:8443/a", "https://cdn.example:8443"),
            ("ipv6", "http://[::1]:8000/a", "http://[::1]:8000"),
        )
    ),
    row("junk-in-every-field", deliver([new(blocked="\u202e\n<b>", lineNumber=-1, sample=["a"], sourceFile={})]),
        received(V)),
    row("lone-surrogate", deliver(b'[{"type":"csp-violation","body":{"effectiveDirective":"img-src",'
                                  b'"sample":"\\ud800","blockedURL":"\\ud800"}}]'), received(V)),
    row("directive-is-no-directive", deliver([new("img-src\r\nSet-Cookie: a"), new("<script>")]),
        received("reports.dropped", V)),
    row("told-once", deliver([new()]), received(that=[told_in_all(1)]), times=9),
    row("told-again-at-ten", deliver([new()]), received(V, that=[told_in_all(1, 10)]), times=10),
)  # fmt: skip

REFUSED: tuple[Row, ...] = (
    row("no-json", deliver(b"report"), refused(400, "reports.unreadable")),
    row("empty", deliver(b""), refused(400, "reports.unreadable")),
    row("not-unicode", deliver(b'["\xff\xfe"]'), refused(400, "reports.unreadable")),
    row("bytes", deliver(bytes(range(256))), refused(400, "reports.unreadable")),
    row("no-list", deliver(b"7"), refused(400, "reports.unreadable")),
    row("old-without-its-object", deliver({}, OLD), refused(400, "reports.unreadable")),
    row("old-as-list", deliver([old()], OLD), refused(400, "reports.unreadable")),
    row("brackets", deliver(b"[" * 60_000), refused(400, "reports.unreadable")),
    row("number-of-5000-digits", deliver(b"9" * 5000), refused(400, "reports.unreadable")),
    row("65536", deliver(b'["' + b"x" * 65_532 + b'"]'), received("reports.dropped")),
    row("65537", deliver(b'["' + b"x" * 65_533 + b'"]'), refused(413, "body.too-large")),
    row("wrong-type", deliver([new()], "Content-Type: application/json"), refused(415, "reports.type")),
    row("form", deliver([new()], "Content-Type: application/x-www-form-urlencoded"), refused(415, "reports.type")),
    row("no-type", deliver([new()], "X-Nothing: 1"), refused(415, "reports.type")),
    row("foreign-host", Ask(method="POST", target=PATH, host="evil.example", fields=[NEW], body=[b"[]"]),
        refused(400, "hosts.foreign")),
)  # fmt: skip

FOREIGN = ["Sec-Fetch-Site: cross-site", "Origin: null"]
EXEMPT: tuple[Row, ...] = (
    row("from-another-origin", deliver([new()], fields=FOREIGN), received(V)),
    row("below-a-root-path", deliver([new()], target=b"/club/reports", root="/club"), received(V),
        Policy(headers=Headers(csp=CSP(report_path="/club/reports")))),
    row("of-a-twin-alone", deliver([new()]), received(V),
        Policy(headers=Headers(csp=False, csp_report_only=CSP(report_path="/csp-reports")))),
    row("other-method-is-the-app's", deliver([new()], method="PUT"), Expect()),
    row("get-is-the-app's", Ask(target=PATH), Expect()),
    row("other-policy-is-the-app's", deliver([new()]), Expect(), Policy(hosts=["booking.example"])),
    *(
        row(f"other-path-is-the-app's{path.decode()}", deliver([new()], target=path), Expect())
        for path in (b"/", b"/csp-reports/", b"/csp-reports/x", b"/CSP-reports", b"/csp-report")
    ),
    *(
        row(f"other-path-is-not-exempt{path.decode()}", deliver([new()], fields=FOREIGN, target=path),
            refused(403, "origin.cross-site"))
        for path in (b"/csp-reports/", b"/csp-reports;a=1", b"//csp-reports", b"/x/../csp-reports", b"/transfer")
    ),
    row("other-method-is-not-exempt", deliver([new()], fields=FOREIGN, method="DELETE"),
        refused(403, "origin.cross-site")),
)  # fmt: skip

HUGE = deliver(b'["' + b"x" * 65_533 + b'"]')


def flood(key: str, first: Sequence[Ask], ask: Ask, expect: Expect, **keywords: Any) -> Row:
    return replace(row(f"flood/{key}", ask, expect, replace(POLICY, **keywords)), first=first)


def by(client: str) -> Ask:
    return replace(deliver([]), peer=PROXY, fields=[NEW, f"X-Forwarded-For: {client}"])


def too_many(**headers: str) -> Expect:
    return Expect(status=429, reached=False, events=["limits.exceeded"], headers=headers, that=[sixty_were_taken])


def sixty_were_taken(outcome: Outcome) -> bool:
    return [one.status for one in outcome.earlier] == [204] * 60


PROXIED = {"proxies": ["10.0.0.0/8"]}
FLOODS: tuple[Row, ...] = (
    flood("one-too-many-in-a-minute", [deliver([])] * 60, deliver([new()]), too_many(**{
        "Retry-After": "1", "RateLimit": '"violation reports";r=0;t=1',
        "RateLimit-Policy": '"violation reports";q=60;w=60'})),
    flood("its-body-is-not-read", [deliver([])] * 60, HUGE, too_many()),
    flood("what-is-wrong-counts-too", [deliver([])] * 59 + [deliver(b"7")], deliver([]),
          Expect(status=429, reached=False, events=["limits.exceeded"])),
    flood("in-every-spelling-of-the-client", [by("2001:db8::1"), by("2001:db8::ffff:1")] * 30, by("2001:DB8:0:0:2::"),
          too_many(), **PROXIED),
    flood("another-client-is-not-refused", [by("2001:db8::1")] * 61, by("2001:db8:0:1::1"), received(), **PROXIED),
    flood("the-app-is-not-refused", [deliver([])] * 61, Ask(target=PATH), Expect(runs=1)),
    flood("what-is-the-app's-is-not-counted", [Ask(target=PATH)] * 61, deliver([]),
          replace(received(), runs=61)),
    flood("nor-what-is-refused-before", [replace(deliver([]), host="evil.example")] * 61, deliver([]), received()),
    flood("nor-is-it-by-other-limits", [deliver([])] * 3, deliver([]), received(), limits=[RateLimit("1/hour")]),
)  # fmt: skip


def _rows() -> Iterator[Row]:
    yield from TAKEN
    yield from REFUSED
    yield from EXEMPT
    yield from FLOODS


ROWS: tuple[Row, ...] = tuple(_rows())
