"""Tenants: whose policy serves a request, and that each counts for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netguard import Area, Headers, Policy, RateLimit, Tenants
from netguard.messages import Request
from scenarios.row import Ask, Expect, Row, refused

HOSTS = ["booking.example", "north.example", "*.south.example", "south.example"]
OFFICE = [Area("/admin/*", networks=["203.0.113.0/24"])]
TWICE, ONCE = RateLimit("2/hour", name="all"), RateLimit("1/hour", name="all")


def of_path(request: Request) -> str | None:
    """A tenant in the path, as ``/t/north/...``."""
    parts = request.path.split("/")
    return parts[2] if parts[1:2] == ["t"] else None


def north() -> Policy:
    return Policy(headers=Headers(referrer_policy="no-referrer"), limits=[TWICE], areas=OFFICE)


def south() -> Policy:
    return Policy(headers=Headers(referrer_policy="origin"), limits=[ONCE])


def by_host() -> Policy:
    return Policy(hosts=HOSTS, tenants=Tenants({"north.example": north(), "*.south.example": south()}))


def by_path() -> Policy:
    return Policy(hosts=HOSTS, tenants=Tenants({"north": north(), "south": south()}, by=of_path))


def says(referrer: str) -> Expect:
    return Expect(headers={"Referrer-Policy": referrer})


def row(key: str, made: Callable[[], Policy], ask: Ask, expect: Expect, *before: Ask, needs: Sequence[str] = ()) -> Row:
    return Row(id=f"tenants/{key}", policy=made, ask=ask, expect=expect, first=before, needs=needs)


OUTER = "strict-origin-when-cross-origin"
NORTHERN, SOUTHERN = Ask(host="north.example"), Ask(host="a.b.south.example")
TOO_MANY = Expect(status=429, reached=False, runs=-1, events=["limits.exceeded"])

ROWS: Sequence[Row] = (
    row("by-host", by_host, NORTHERN, says("no-referrer")),
    row("by-host/as-it-is-written", by_host, Ask(host="NORTH.example.:443"), says("no-referrer")),
    row("by-wildcard", by_host, SOUTHERN, says("origin")),
    row("by-wildcard/not-the-apex", by_host, Ask(host="south.example"), says(OUTER)),
    row("nobodys", by_host, Ask(), says(OUTER)),
    row("foreign", by_host, Ask(host="east.example"), refused(400, "hosts.foreign")),
    row("by-path", by_path, Ask(target=b"/t/south/x"), says("origin")),
    row("by-path/nobodys", by_path, Ask(target=b"/x"), says(OUTER)),
    row("area", by_host, Ask(host="north.example", target=b"/admin/x"), refused(403, "areas.outside")),
    row("area/of-another", by_host, Ask(host="a.south.example", target=b"/admin/x"), says("origin")),
    row("area/websocket", by_host,
        Ask(host="north.example", target=b"/admin/x", kind="websocket", fields=["Origin: https://north.example"]),
        refused(403, "areas.outside")),
    row("limits/the-second-of-two", by_host, NORTHERN, says("no-referrer"), NORTHERN),
    row("limits/the-third-of-two", by_host, NORTHERN, TOO_MANY, NORTHERN, NORTHERN),
    row("limits/anothers-do-not-count", by_host, SOUTHERN, says("origin"), NORTHERN, NORTHERN),
    row("limits/the-second-of-one", by_host, SOUTHERN, TOO_MANY, NORTHERN, SOUTHERN),
)  # fmt: skip
