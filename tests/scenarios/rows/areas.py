"""Areas: who comes from the right network and has the right role, and that no spelling of a path goes round them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from netguard import Area, Lockout, Policy, RateLimit, form, reported, signed_in
from scenarios.row import PEER, PROXY, Answer, Ask, Expect, Outcome, Row, refused

OFFICE = "198.51.100.0/24"  # where the rows' peer is
SECRET = Answer(fields=["Content-Type: text/plain", "Set-Cookie: seen=yes"], chunks=[b"for staff"])
DENIED = refused(403, "areas.denied")
OUTSIDE = refused(403, "areas.outside")
AMBIGUOUS = refused(400, "paths.ambiguous")
SOCKET: dict[str, Any] = {"kind": "websocket", "fields": ["Origin: https://booking.example"]}


def guarded(*areas: Area, **keywords: Any) -> Callable[[], Policy]:
    return lambda: Policy(hosts=["booking.example"], areas=areas, **keywords)


def at(target: str, peer: str | None = "192.0.2.1", **keywords: Any) -> Ask:
    """A request from outside the office."""
    return Ask(target=target.encode("latin-1"), peer=peer, **keywords)


def row(key: str, areas: Sequence[Area], ask: Ask, expect: Expect, *needs: str, **keywords: Any) -> Row:
    policy = guarded(*areas, **keywords)
    return Row(id=f"areas/{key}", policy=policy, ask=ask, answer=SECRET, expect=expect, needs=needs)


def of(name: str | None, require: Any, expect: Expect, key: str, *needs: str, peer: str = PEER, **keywords: Any) -> Row:
    """A row about a user, in the office."""
    area = Area("/admin/*", networks=[OFFICE], require=require, **keywords)
    ask = Ask(target=b"/admin/x", peer=peer, fields=[] if name is None else [f"X-User: {name}"])
    return Row(id=f"areas/roles/{key}", policy=guarded(area), ask=ask, answer=SECRET, expect=expect, knows_user=True,
               needs=needs)  # fmt: skip


def lacking(code: str, status: int = 403) -> Expect:
    return Expect(status=status, reached=False, events=[code], that=[withheld])


def named(user: object) -> bool:
    """Whether it is ada, however the framework calls its users."""
    return getattr(user, "pk", user) == "ada"


def fails(user: object) -> bool:
    raise LookupError("no such column")


def withheld(outcome: Outcome) -> bool:
    return b"staff" not in outcome.body and outcome.values("set-cookie") == []


def hidden(outcome: Outcome) -> bool:
    told = json.loads(outcome.body)
    return told["status"] == 404 and told["code"] == "not-found" and "area" not in outcome.body.decode()


ADMIN = [Area("/admin/*", networks=[OFFICE])]
NESTED = [Area("/admin/*", networks=[OFFICE]), Area("/admin/health", networks=["192.0.2.0/24"]),
          Area("/admin/{club}/public/*", deny=["203.0.113.0/24"])]  # fmt: skip
BY_METHOD = [Area("/club", networks=["0.0.0.0/0"]), Area("POST /club", networks=[OFFICE])]
LIMITED = {"limits": [RateLimit("9/hour", on="/reset")], "secrets": ["a secret of the rows, and long enough"]}
LOCKED = {"lockout": Lockout(on="POST /login", username=form("name"), success=reported(), devices=False)}

MANY = (
    "/%252f%252f;%252f//%5c%25c0%25aea;b%2f..%5c%5c%253f%255c%255c%2525c0%2525ae;%252f%25252e%25252e%25252f%c0%af%25c0"
    "%25ae%00%5c%2500%25252e%25252e%25252f%2525c0%2525ae%252e%252e%252f%253f%3f%25252e%25252e%25252f%253f%255c..;/..;/"
)  # hundreds of spellings

ROWS: Sequence[Row] = (
    row("from-inside", ADMIN, at("/admin/x", PEER), Expect()),
    row("from-outside", ADMIN, at("/admin/x"), OUTSIDE),
    row("from-outside-the-rest", ADMIN, at("/club"), Expect()),
    row("from-outside-the-area-itself", ADMIN, at("/admin"), OUTSIDE),
    row("from-outside-with-a-slash", ADMIN, at("/admin/"), OUTSIDE),
    row("from-outside-a-like-name", ADMIN, at("/administer"), Expect()),
    row("ipv6/inside", [Area("/admin/*", networks=["2001:db8::/48"])], at("/admin", "2001:db8:0:1::7"), Expect()),
    row("ipv6/outside", [Area("/admin/*", networks=["2001:db8::/48"])], at("/admin", "2001:db8:1::7"), OUTSIDE),
    row("ipv6/wrapped-ipv4", ADMIN, at("/admin", "::ffff:198.51.100.9"), Expect()),
    row("one-address", [Area("/admin/*", networks=["192.0.2.1"])], at("/admin"), Expect()),
    row("private", [Area("/admin/*", networks="private")], at("/admin", "10.1.2.3"), Expect()),
    row("private/outside", [Area("/admin/*", networks="private")], at("/admin"), OUTSIDE),
    row("loopback", [Area("/admin/*", networks="loopback")], at("/admin", "127.0.0.1"), Expect()),
    row("by-a-callable", [Area("/admin/*", networks=lambda: [OFFICE])], at("/admin"), OUTSIDE),
    row("denied", [Area("/*", deny=["192.0.2.0/24"])], at("/club"), DENIED),
    row("denied/others", [Area("/*", deny=["192.0.2.0/24"])], at("/club", PEER), Expect()),
    row("denied/before-allowed", [Area("/*", networks=["192.0.2.0/24"], deny=["192.0.2.1"])], at("/club"), DENIED),
    row("of-nobody", ADMIN, at("/admin", None), refused(403, "areas.unresolved")),
    row("behind-a-proxy", ADMIN, at("/admin", PROXY, fields=["X-Forwarded-For: 198.51.100.9"]), Expect(),
        proxies=["10.0.0.0/8"]),
    row("behind-a-proxy/outside", ADMIN, at("/admin", PROXY, fields=["X-Forwarded-For: 192.0.2.1"]), OUTSIDE,
        proxies=["10.0.0.0/8"]),
    row("planted-address", ADMIN, at("/admin", fields=["X-Forwarded-For: 198.51.100.9"]),
        refused(403, "areas.outside", "proxies.unlisted")),
    row("websocket", ADMIN, at("/admin/live", **SOCKET), OUTSIDE, "websocket"),
    row("websocket/inside", ADMIN, at("/admin/live", PEER, **SOCKET), Expect(status=101), "websocket"),
    row("below-a-root", ADMIN, at("/app/admin/x", root="/app"), OUTSIDE),
    row("below-a-root/inside", ADMIN, at("/app/admin/x", PEER, root="/app"), Expect()),
    row("hidden", [Area("/admin/*", networks=[OFFICE], hide=True)], at("/admin", fields=["Accept: application/json"]),
        Expect(status=404, reached=False, events=["areas.outside"], that=[hidden])),
    row("report", [Area("/admin/*", networks=[OFFICE], mode="report")], at("/admin"),
        Expect(events=["areas.outside"], enforced=False)),
    # The most specific one decides.
    row("most-specific/wider", NESTED, at("/admin/x"), OUTSIDE),
    row("most-specific/narrower", NESTED, at("/admin/health"), Expect()),
    row("most-specific/narrower-refuses", NESTED, at("/admin/health", PEER), OUTSIDE),
    row("most-specific/in-the-middle", NESTED, at("/admin/north/public/x"), Expect()),
    row("most-specific/in-the-middle-refuses", NESTED, at("/admin/north/public", "203.0.113.9"), DENIED),
    row("most-specific/by-method", BY_METHOD, at("/club", method="POST", fields=["Sec-Fetch-Site: none"]), OUTSIDE),
    row("most-specific/by-another-method", BY_METHOD, at("/club"), Expect()),
    row("most-specific/by-a-method-of-a-header", BY_METHOD,
        at("/club", fields=["X-HTTP-Method-Override: post", "Sec-Fetch-Site: none"]), OUTSIDE),
    row("most-specific/by-a-method-of-two-headers", BY_METHOD,
        at("/club", fields=["X-HTTP-Method-Override: get", "X-HTTP-Method-Override: post", "Sec-Fetch-Site: none"]),
        OUTSIDE),
    row("most-specific/by-a-method-of-a-header-and-one-that-reports",
        [Area("POST /club", networks=[OFFICE], mode="report"), Area("DELETE /club", networks=[OFFICE])],
        at("/club", method="POST", fields=["X-HTTP-Method-Override: DELETE", "Sec-Fetch-Site: none"]), OUTSIDE),
    row("most-specific/head-before-get",
        [Area("GET /club", networks=["0.0.0.0/0"]), Area("HEAD /club", networks=[OFFICE])],
        at("/club", method="HEAD"), OUTSIDE),
    # Spellings.
    row("spelt/by-a-method-of-a-header", [Area("DELETE /courts/*", networks=[OFFICE])],
        at("//courts/7", method="POST", fields=["X-HTTP-Method-Override: DELETE", "Sec-Fetch-Site: none"]), AMBIGUOUS),
    row("spelt/two-slashes", ADMIN, at("//admin/x"), AMBIGUOUS),
    row("spelt/two-slashes-within", ADMIN, at("/admin//x"), OUTSIDE),
    row("spelt/a-dot", ADMIN, at("/./admin"), AMBIGUOUS),
    row("spelt/dots", ADMIN, at("/club/../admin"), AMBIGUOUS),
    row("spelt/dots-that-leave", ADMIN, at("/admin/../club", PEER), AMBIGUOUS),
    row("spelt/encoded-dots", ADMIN, at("/club/%2e%2e/admin"), AMBIGUOUS),
    row("spelt/an-encoded-slash", ADMIN, at("/club/..%2fadmin"), AMBIGUOUS),
    row("spelt/an-encoded-slash-in-front", ADMIN, at("/%2fadmin"), AMBIGUOUS),
    row("spelt/a-backslash", ADMIN, at("/club/..%5cadmin"), AMBIGUOUS),
    row("spelt/a-semicolon", ADMIN, at("/admin;x=1/y"), AMBIGUOUS),
    row("spelt/a-semicolon-and-dots", ADMIN, at("/club/..;/admin"), AMBIGUOUS),
    row("spelt/a-nul", ADMIN, at("/admin%00.html"), AMBIGUOUS),
    row("spelt/twice-encoded", ADMIN, at("/%2561dmin"), AMBIGUOUS),
    row("spelt/thrice-encoded", ADMIN, at("/%252561dmin"), AMBIGUOUS),
    row("spelt/encoded-letters", ADMIN, at("/%61dmin"), OUTSIDE),
    row("spelt/overlong", ADMIN, at("/club/%c0%ae%c0%ae/admin"), AMBIGUOUS),
    row("spelt/overlong-slash", ADMIN, at("/club/..%c0%afadmin"), AMBIGUOUS),
    row("spelt/overlong-in-three", ADMIN, at("/club/..%e0%80%afadmin"), AMBIGUOUS),
    row("spelt/an-authority", ADMIN, at("//localhost/admin"), AMBIGUOUS),
    row("spelt/a-question-mark", ADMIN, at("/admin%3fx"), AMBIGUOUS),
    row("spelt/a-fragment", ADMIN, at("/admin%23x"), AMBIGUOUS),
    row("spelt/dots-between-decodings", ADMIN, at("/admin/%252e%252e/x/%2e%2e/%2e%2e", PEER), AMBIGUOUS),
    row("spelt/an-encoded-authority", ADMIN, at("/%2flocalhost/admin"), AMBIGUOUS),
    row("spelt/a-first-part-without-a-slash", ADMIN, at("localhost/admin"), AMBIGUOUS),
    row("spelt/dots-without-a-slash", ADMIN, at("../admin"), AMBIGUOUS),
    row("spelt/a-scheme", ADMIN, at("http:/admin"), AMBIGUOUS),
    row("spelt/an-absolute-target", ADMIN, at("http://localhost/admin"), AMBIGUOUS),
    row("spelt/for-who-may-come-too", ADMIN, at("//admin/x", PEER), AMBIGUOUS),
    row("spelt/odd-and-alike", ADMIN, at("/admin/a%252Fb;v=1", PEER), Expect()),
    row("spelt/elsewhere", ADMIN, at("/club/a%252Fb;v=1//x/./y"), Expect()),
    row("spelt/without-guards", [], at("/x/..;/%2e%2e//admin"), Expect()),
    row("spelt/of-a-limit", [], at("/x/../reset"), AMBIGUOUS, **LIMITED),
    row("spelt/of-a-login", [], at("//login", method="POST", fields=["Sec-Fetch-Site: none"]), AMBIGUOUS, **LOCKED),
    row("spelt/of-what-only-reports", [Area("/admin/*", networks=[OFFICE], mode="report")], at("//admin"),
        Expect(events=["paths.ambiguous"], enforced=False)),
    row("spelt/in-report-mode", ADMIN, at("//admin/x"), Expect(events=["paths.ambiguous"], enforced=False),
        paths_mode="report"),
    row("spelt/in-report-mode/the-area-still-refuses", ADMIN, at("/admin/x"), OUTSIDE, paths_mode="report"),
    row("spelt/too-long-for-what-only-reports", [Area("/admin/*", networks=[OFFICE], mode="report")],
        at("/club/" + "%2f" * 3000), Expect(events=["paths.too-long"], enforced=False)),
    row("spelt/too-long", ADMIN, at("/club/" + "%2f" * 3000), refused(400, "paths.too-long")),
    row("spelt/long-and-plain", ADMIN, at("/club/" + "%20" * 3000), Expect()),
    row("spelt/in-too-many-ways", ADMIN, at("/club" + MANY), refused(400, "paths.too-long")),
    row("spelt/of-an-exempt-path-in-too-many-ways", [], at("/live" + MANY, host="other.example"),
        refused(400, "hosts.foreign"), exempt=["/live/*"]),
    # Roles.
    of("ada", named, Expect(), "has-it"),
    of("bob", named, lacking("roles.missing"), "lacks-it"),
    of(None, named, lacking("roles.nobody"), "nobody"),
    of(None, signed_in, lacking("roles.nobody"), "nobody/signed-in"),
    of("bob", signed_in, Expect(), "signed-in"),
    of("ada", [signed_in, named], Expect(), "all-of-them"),
    of("bob", [signed_in, named], lacking("roles.missing"),
       "all-but-one"),
    of("ada", named, OUTSIDE, "from-outside", peer="192.0.2.1"),
    of("bob", named, lacking("roles.missing", 404), "hidden", hide=True),
    of("bob", named, lacking("roles.missing"), "hidden-outside/inside", hide="outside"),
    of("ada", named, Expect(status=404, reached=False, events=["areas.outside"]), "hidden-outside/outside",
       peer="192.0.2.1", hide="outside"),
    of("bob", named, Expect(events=["roles.missing"], enforced=False), "report", mode="report"),
    of("bob", fails, Expect(events=["roles.missing"], enforced=False), "report/a-callable-that-raises", mode="report"),
)  # fmt: skip
