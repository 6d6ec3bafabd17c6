"""Lockouts: what locks, what frees, which devices go on, and what the locked are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from netguard import Lockout, Policy, form, reported
from netguard.devices import Devices
from netguard.keys import Keys
from netguard.messages import Request
from scenarios.row import PEER, Answer, Ask, Check, Expect, Outcome, Row

SECRET = "the secret of the rows, and long enough"
SAYS = Answer(logs_in=True, reads=True)
FORM = "Content-Type: application/x-www-form-urlencoded"
SAME = "Sec-Fetch-Site: same-origin"
FAILED = ["lockout.failed"]
LOCKED = ["lockout.account"]


def guarded(**keywords: Any) -> Callable[[], Policy]:
    """A lockout after two tries, of one policy for each run."""
    settings = {"username": form("username"), "success": reported(), "tries": "2/15 minutes", **keywords}
    lockout = Lockout(on=settings.pop("on", "POST /login"), **settings)
    return lambda: Policy(hosts=["booking.example"], lockout=lockout, secrets=[SECRET])


def login(name: str, *fields: str, peer: str = PEER, says: str = "", target: bytes = b"/login") -> Ask:
    """A form that was sent with a password."""
    body = f"username={name}&password=wrong".encode()
    said = [f"X-Login: {says}"] if says else []
    return Ask(method="POST", target=target, body=[body], fields=[FORM, SAME, *said, *fields], peer=peer)


def known(name: str, secret: str = SECRET, of: str | None = None) -> str:
    """The Cookie of a device that logged in to this account before."""
    devices = Devices([secret], lambda request: True, days=180)
    tag = Keys(SECRET.encode()).digest("account", "login", of or name, size=8)
    _, written = devices.cookie(Request("", "", {}), tag, None)
    return "Cookie: " + written.partition(b";")[0].decode()


def row(
    key: str, policy: Callable[[], Policy], ask: Ask, expect: Expect, *first: Ask, answer: Answer = SAYS, times: int = 1
) -> Row:
    return Row(id=f"lockout/{key}", policy=policy, ask=ask, answer=answer, expect=expect, first=first, times=times)


def locked(*that: Check, runs: int = -1, after: str | None = None) -> Expect:
    """The last one is refused, until ``after`` seconds; of those before, ``runs`` reached the app, or all."""
    headers = {} if after is None else {"Retry-After": after}
    return Expect(status=429, runs=runs, reached=False, events=LOCKED, that=that, headers=headers)


def statuses(*expected: int) -> Check:
    return lambda outcome: [one.status for one in outcome.earlier] == list(expected)


def codes(*expected: Sequence[str]) -> Check:
    """What was told of the earlier ones."""
    wanted = list(map(list, expected))
    return lambda outcome: [[event.code for event in one.events] for one in outcome.earlier] == wanted


def plain(outcome: Outcome) -> bool:
    told = json.loads(outcome.body)
    return told["code"] == "lockout.account" and "ann" not in outcome.body.decode() and told["status"] == 429


def remembered(outcome: Outcome) -> bool:
    cookies = [cookie for cookie in outcome.values("set-cookie") if cookie.startswith("__Host-netguard-device=")]
    wanted = {"Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=15552000"}
    return len(cookies) == 1 and wanted <= {part.strip() for part in cookies[0].split(";")}


def forgotten(outcome: Outcome) -> bool:
    return not any("netguard-device" in cookie for cookie in outcome.values("set-cookie"))


def private(outcome: Outcome) -> bool:
    return "private" in outcome.values("cache-control")[0]


def unnamed(outcome: Outcome) -> bool:
    """No event shows the name, in whatever field."""
    return all(event.account and "ann" not in f"{event.account}{event.detail}" for event in outcome.events)


ANN = login("ann")
RIGHT = login("ann", says="right")
WRONG = login("ann", says="wrong")
ELSEWHERE = login("ann", peer="192.0.2.77")
PAIRS = {"per": "account+client"}
BROKEN = Answer(status=500, logs_in=True, reads=True)
CRASHES = Answer(raises="at once")
NEW = ["lockout.succeeded", "lockout.new-device"]

ROWS: Sequence[Row] = (
    row("after-the-last-try", guarded(), ANN,
        locked(codes(FAILED, [*FAILED, "lockout.began"]), after="900"), times=3),
    row("however-right-the-password", guarded(), RIGHT, locked(), ANN, ANN),
    row("from-elsewhere-too", guarded(), ELSEWHERE, locked(), ANN, ANN),
    row("others-go-on", guarded(), login("bob"), Expect(runs=3, events=FAILED), ANN, ANN, ANN),
    row("is-not-prolonged", guarded(), ANN, locked(statuses(200, 200, 429, 429), runs=2, after="900"),
        times=5),
    row("told-to-programs", guarded(), login("ann", "Accept: application/json"), locked(plain), ANN, ANN),
    row("names-nobody", guarded(), ANN, locked(unnamed), ANN, ANN),
    row("names-whom-the-policy-shows", guarded(show_names=True), ANN,
        locked(lambda outcome: outcome.events[0].account == "ann"), ANN, ANN),
    row("of-the-narrowest-window", guarded(tries="9/15 minutes; 2/day"), ANN, locked(after="86400"),
        times=3),
    # What frees.
    row("a-success-clears", guarded(), ANN, Expect(events=FAILED, that=[statuses(200, 200)]), ANN, RIGHT),
    row("a-success-is-told", guarded(devices=False), RIGHT, Expect(events=["lockout.succeeded"])),
    row("a-success-after-failures-is-told", guarded(devices=False), RIGHT, Expect(events=["lockout.recovered"]), ANN),
    row("a-success-of-another-frees-nothing", guarded(), ANN, locked(runs=3), ANN, ANN,
        login("mallory", says="right")),
    row("what-was-not-checked-goes-back", guarded(), ANN, Expect(events=FAILED),
        *[login("ann", says="unchecked")] * 5),
    row("what-was-not-checked-is-not-told", guarded(), login("ann", says="unchecked"), Expect(events=[])),
    row("a-breakdown-is-a-failure", guarded(), RIGHT, Expect(status=429, runs=2, reached=False, events=LOCKED),
        answer=BROKEN, times=3),
    Row(id="lockout/a-crash-is-a-failure", policy=guarded(), ask=ANN, answer=CRASHES, first=[ANN, ANN],
        expect=Expect(status=429, runs=2, reached=False, events=LOCKED)),
    row("a-success-of-nobody-frees-nobody", guarded(), login(""), locked(forgotten, runs=3),
        login(""), login("", says="right"), login("")),
    # By client.
    row("of-a-client-over-all-accounts", guarded(client_tries="3/hour"), login("d"), Expect(
        status=429, runs=3, reached=False, events=["lockout.client"], headers={"Retry-After": "3600"}),
        login("a"), login("b"), login("c")),
    row("of-a-client-leaves-others", guarded(client_tries="3/hour"), login("d", peer="192.0.2.1"),
        Expect(events=FAILED), login("a"), login("b"), login("c")),
    row("of-a-client-successes-go-back", guarded(client_tries="3/hour"), login("a", says="right"),
        Expect(runs=6, events=NEW), *[login("a", says="right")] * 5),
    row("of-a-client-a-success-gives-back-only-its-own", guarded(client_tries="3/hour"), login("z"), Expect(
        status=429, runs=4, reached=False, events=["lockout.client"]),
        login("a"), login("b"), login("m", says="right"), login("c")),
    row("of-pairs", guarded(**PAIRS), ELSEWHERE, Expect(runs=3, events=FAILED), ANN, ANN, ANN),
    row("of-pairs-locks-the-pair", guarded(**PAIRS), ANN, locked(), ANN, ANN),
    # Past the cap.
    row("past-the-cap", guarded(tries="9/hour", cap=2), ANN, Expect(
        status=429, runs=2, reached=False, events=["lockout.capped"], headers={"Retry-After": "2592000"}), ANN, ANN),
    row("past-the-cap-known-devices-go-on", guarded(tries="9/hour", cap=2), login("ann", known("ann")),
        Expect(runs=3, events=FAILED), ANN, ANN, ANN),
    row("a-success-ends-the-streak", guarded(tries="9/hour", cap=2), ANN, Expect(events=FAILED), ANN, RIGHT),
    # Devices.
    row("a-success-makes-known", guarded(), RIGHT, Expect(events=NEW, that=[remembered, private])),
    row("a-failure-does-not", guarded(), WRONG, Expect(events=FAILED, that=[forgotten])),
    row("a-first-factor-does-not", guarded(factor="first"), RIGHT,
        Expect(events=["lockout.succeeded"], that=[forgotten])),
    row("a-known-device-is-not-new", guarded(), login("ann", known("ann"), says="right"),
        Expect(events=["lockout.succeeded"], that=[forgotten])),
    row("no-devices", guarded(devices=False), RIGHT, Expect(events=["lockout.succeeded"], that=[forgotten])),
    row("a-known-device-is-not-locked-out", guarded(), login("ann", known("ann")), Expect(runs=3, events=FAILED),
        ANN, ANN, ANN),
    row("a-known-device-of-a-locked-client", guarded(client_tries="1/hour"), login("ann", known("ann")),
        Expect(runs=2, events=FAILED), login("bob"), login("eve")),
    row("a-known-device-has-its-own-tries", guarded(), login("ann", known_ann := known("ann")), locked(runs=2),
        login("ann", known_ann), login("ann", known_ann)),
    row("a-known-device-locks-nobody-else", guarded(), ANN, Expect(runs=3, events=FAILED),
        login("ann", known_ann), login("ann", known_ann), login("ann", known_ann)),
    row("a-known-device-clears-its-own", guarded(), ANN, locked(runs=3), ANN, ANN,
        login("ann", known_ann, says="right")),
    row("a-forged-device-is-worth-nothing", guarded(), login("ann", known("ann", "another secret, just as long as it")),
        locked(), ANN, ANN),
    row("a-device-of-another-lockout-is-worth-nothing", guarded(name="staff"), login("ann", known("ann")), locked(),
        ANN, ANN),
    row("a-foreign-device-is-worth-nothing", guarded(), login("ann", known("bob")), locked(), ANN, ANN),
    row("a-broken-device-is-worth-nothing", guarded(), login("ann", "Cookie: __Host-netguard-device=%00.\xff.=="),
        locked(), ANN, ANN),
    # Shadow mode, stuffing, a full store.
    row("report", guarded(mode="report"), ANN, Expect(events=["lockout.account", "lockout.failed"], enforced=False,
        runs=3, that=[forgotten]), ANN, ANN),
    row("spraying-is-told", guarded(distinct_names="2/hour"), login("c"), Expect(
        events=["lockout.failed", "lockout.spraying"], runs=3), login("a"), login("b")),
    row("spraying-is-refused", guarded(distinct_names="2/hour", distinct_mode="enforce"), login("c"), Expect(
        status=429, runs=2, reached=False, events=["lockout.client"]), login("a"), login("b")),
    row("spraying-is-none-where-they-succeed", guarded(distinct_names="2/hour", devices=False),
        login("c", says="right"), Expect(events=["lockout.succeeded"], runs=3),
        login("a", says="right"), login("b", says="right")),
    row("spread-is-told", guarded(tries="9/hour", distinct_clients="2/hour"), login("ann", peer="192.0.2.3"), Expect(
        events=["lockout.failed", "lockout.spread"], runs=3),
        login("ann", peer="192.0.2.1"), login("ann", peer="192.0.2.2")),
)  # fmt: skip
