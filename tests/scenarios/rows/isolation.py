"""What other sites may not load, and what must say where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Origin, Policy
from scenarios.row import Answer, Ask, Expect, Row, refused

HOSTS = ["booking.example"]
ISOLATED = Policy(hosts=HOSTS, origin=Origin(isolate=["/private/*", "/report.json"]))
REQUIRED = Policy(hosts=HOSTS, origin=Origin(require=True, bypass=["POST /hooks/{id}"]))
TRUSTING = Policy(hosts=HOSTS, origin=Origin(isolate=["/private/*"], trusted=["https://pay.example"]))
PAY = "Origin: https://pay.example"
CROSS = "Sec-Fetch-Site: cross-site"
LINK = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]

# name: (target, fields, method)
PASS: dict[str, tuple[bytes, list[str], str]] = {
    "own-page": (b"/private/a", ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"], "GET"),
    "sister-site": (b"/private/a", ["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"], "GET"),
    "typed": (b"/private/a", ["Sec-Fetch-Site: none", *LINK], "GET"),
    "old-browser": (b"/private/a", [], "GET"),
    "link": (b"/private/a", [CROSS, *LINK], "GET"),
    "link-head": (b"/private/a", [CROSS, *LINK], "HEAD"),
    "elsewhere": (b"/public", [CROSS, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"], "GET"),
}
REFUSE: dict[str, tuple[bytes, list[str], str]] = {
    "image": (b"/private/a", [CROSS, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"], "GET"),
    "fetch": (b"/report.json", [CROSS, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"], "GET"),
    "frame": (b"/private/a", [CROSS, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"], "GET"),
    "object": (b"/private", [CROSS, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: object"], "GET"),
    "fenced-frame": (b"/private/a", [CROSS, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: fencedframe"], "GET"),
    "two-slashes": (b"//private/a.txt", [CROSS], "GET"),
    "encoded-slash": (b"/x/..%2Fprivate/a.txt", [CROSS], "GET"),
    "encoded-dot-segment": (b"/.%2Fprivate/a.txt", [CROSS], "GET"),
    "encoded-twice": (b"/%2570rivate/a.txt", [CROSS], "GET"),
    "parameters": (b"/private;v=1/a.txt", [CROSS], "GET"),
    "preflight": (b"/private/a", [CROSS, "Sec-Fetch-Mode: cors"], "OPTIONS"),
    "site-alone": (b"/private/a/", [CROSS], "GET"),
    "site-twice": (b"/private/a", [CROSS, "Sec-Fetch-Site: same-origin", *LINK[1:]], "GET"),
}


def _rows() -> Iterator[Row]:
    for key, (target, fields, method) in PASS.items():
        yield Row(
            id=f"isolation/passes/{key}",
            policy=ISOLATED,
            ask=Ask(target=target, fields=fields, method=method),
            expect=Expect(),
        )
    for key, (target, fields, method) in REFUSE.items():
        yield Row(
            id=f"isolation/refuses/{key}",
            policy=ISOLATED,
            ask=Ask(target=target, fields=fields, method=method),
            expect=refused(403, "isolation.cross-site"),
        )


SINGLE = (
    *(
        Row(
            id=f"isolation/trusted/{method}",
            policy=TRUSTING,
            ask=Ask(target=b"/private/a", fields=[CROSS, "Sec-Fetch-Mode: cors", PAY], method=method),
            answer=Answer(chunks=()),
        )
        for method in ("GET", "POST", "OPTIONS", "DELETE")
    ),
    Row(
        id="isolation/trusted/websocket",
        policy=TRUSTING,
        ask=Ask(target=b"/private/live", fields=[CROSS, PAY], kind="websocket"),
        expect=Expect(status=101),
    ),
    Row(
        id="isolation/trusted/another",
        policy=TRUSTING,
        ask=Ask(target=b"/private/a", fields=[CROSS, "Sec-Fetch-Mode: cors", "Origin: https://evil.example"]),
        expect=refused(403, "isolation.cross-site"),
    ),
    Row(
        id="isolation/trusted/who-does-not-say-so",
        policy=TRUSTING,
        ask=Ask(target=b"/private/a", fields=[CROSS, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"]),
        expect=refused(403, "isolation.cross-site"),
    ),
    Row(
        id="isolation/report-mode-passes",
        policy=Policy(hosts=HOSTS, origin=Origin(isolate=["/private/*"], mode="report")),
        ask=Ask(target=b"/private/a", fields=[CROSS]),
        expect=Expect(events=["isolation.cross-site"], enforced=False),
    ),
    Row(
        id="origin/required/neither-header",
        policy=REQUIRED,
        ask=Ask(method="POST"),
        expect=refused(403, "origin.absent"),
    ),
    Row(
        id="origin/required/empty-origin-is-absent",
        policy=REQUIRED,
        ask=Ask(method="POST", fields=["Origin: "]),
        expect=refused(403, "origin.absent"),
    ),
    Row(
        id="origin/required/own-origin",
        policy=REQUIRED,
        ask=Ask(method="POST", fields=["Origin: https://booking.example"]),
        expect=Expect(),
    ),
    Row(
        id="origin/required/own-fetch", policy=REQUIRED, ask=Ask(method="POST", fields=["Sec-Fetch-Site: same-origin"])
    ),
    Row(id="origin/required/bypass", policy=REQUIRED, ask=Ask(method="POST", target=b"/hooks/7")),
    Row(id="origin/required/reading-needs-nothing", policy=REQUIRED),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
