"""The page about lockouts in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from starlette.testclient import TestClient

from netguard import LockedOut, Lockout, Logins, Policy, form
from netguard.asgi import NetguardMiddleware
from netguard.counters.tries import Windows
from netguard.events import _NAMES_OF_CODES
from netguard.flask import Netguard
from netguard.stores.memory import MemoryStore
from support.docs import DOCS, blocks, run

PAGE = "how-to/lockout.md"
SITE = "https://booking.example"
TEXT = (DOCS / PAGE).read_text()
RIGHT = {"username": "ann", "password": "correct horse"}
WRONG = {"username": "Ann ", "password": "a guess"}
MINUTE = 60_000_000_000  # nanoseconds
SAME = {"Sec-Fetch-Site": "same-origin"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = MINUTE

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def page() -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    return run(PAGE, blocks(PAGE))


def ask(client: Any, path: str, **options: Any) -> Any:
    return client.post(path, base_url=SITE, headers=SAME, **options)


def statuses(client: Any, path: str, count: int, **options: Any) -> list[int]:
    return [ask(client, path, **options).status_code for _ in range(count)]


def logins(clock: Clock, lockout: Lockout) -> Logins:
    """The logins of a lockout on a clock of our own."""
    policy = Policy(lockout=lockout, secrets=["a secret of this test, and long enough"])
    policy.shared.stores[policy.store] = MemoryStore(clock=clock)
    return Logins(policy)


def fails(of: Logins, name: str = "ann", client: str = "192.0.2.1") -> bool:
    """Whether there was a try."""
    try:
        with of.attempt(name, client=client):
            return True
    except LockedOut:
        return False


def test_an_unchanged_app_locks_and_its_owner_goes_on(page: dict[str, Any]) -> None:
    owner, guesser = page["app"].test_client(), page["app"].test_client()
    assert ask(owner, "/login", data=RIGHT).location == "/courts"
    assert statuses(guesser, "/login", 7, data=WRONG) == [200] * 5 + [429] * 2
    refused = ask(guesser, "/login", data=RIGHT)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert ask(owner, "/login", data=RIGHT).location == "/courts"


def test_the_view_reports(page: dict[str, Any]) -> None:
    reported = Lockout(on="POST /api/login", username=page["json_field"]("username"), success=page["reported"]())
    policy = Policy(hosts=["booking.example"], lockout=reported, secrets=page["policy"].secrets)
    app = Flask(__name__)
    app.add_url_rule("/api/login", view_func=page["api_login"], methods=["POST"])
    Netguard(app, policy)
    client = app.test_client(use_cookies=False)
    assert statuses(client, "/api/login", 9, json=RIGHT) == [200] * 9
    assert statuses(client, "/api/login", 6, json=WRONG) == [401] * 5 + [429]


def answered(policy: Policy, status: int, *asked: dict[str, Any], **headers: str) -> list[int]:
    """The statuses of these POSTs to an app that always answers in one way."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(NetguardMiddleware(app, policy), base_url=SITE, headers=SAME, follow_redirects=False)
    return [client.post(**{"url": "/login", **one}).status_code for one in asked]


@pytest.fixture
def several(page: dict[str, Any]) -> Policy:
    return Policy(hosts=["booking.example"], lockout=page["lockouts"], secrets=page["policy"].secrets)


def test_a_list_is_one_account(several: Policy) -> None:
    by_form, by_json = {"data": {"username": "ann"}}, {"json": {"username": "ANN"}}
    assert answered(several, 401, *[by_form, by_json] * 3) == [401] * 5 + [429]


@pytest.mark.parametrize("asked", [
    {"content": "username=a&username=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"url": "/api/token", "content": '{"user": {"name": "a", "name": "b"}}'},
    {"url": "/api/token", "json": {"user": {"name": 12}}},
    {"url": "/dav/1", "headers": {"Authorization": "Basic YW5u"}},
], ids=["field twice", "member twice", "no string", "no colon"])  # fmt: skip
def test_what_two_could_read_in_two_ways_is_refused(several: Policy, asked: dict[str, Any]) -> None:
    assert answered(several, 401, asked) == [400]


def test_basic_without_credentials_is_no_try(several: Policy) -> None:
    assert answered(several, 401, *[{"url": "/dav/1"}] * 50) == [401] * 50
    assert answered(several, 401, *[{"url": "/dav/1", "auth": ("ann", "x")}] * 41) == [401] * 40 + [429]


def test_a_callable_names_the_account(several: Policy) -> None:
    assert answered(several, 403, *[{"url": "/pin", "headers": {"X-Card": "7"}}] * 6) == [403] * 5 + [429]


def test_a_callable_proves(page: dict[str, Any]) -> None:
    lockout = Lockout(on="POST /login", username=form("name"), success=page["has_session"], devices=False)
    policy, asked = Policy(hosts=["booking.example"], lockout=lockout), [{"data": {"name": "ann"}}] * 6
    assert answered(policy, 200, *asked) == [200] * 5 + [429]
    fresh = Policy(hosts=["booking.example"], lockout=lockout)
    assert answered(fresh, 200, *asked, **{"X-Session": "7"}) == [200] * 6


def test_the_waits_rise_as_the_table_says(page: dict[str, Any]) -> None:
    clock = Clock()
    of = logins(clock, page["rising"])
    waited = []
    for _ in range(4):
        assert [fails(of) for _ in range(6)] == [True] * 5 + [False]
        waited.append(round(of.locked_for("ann")[0] / 60))
        clock.now += waited[-1] * MINUTE
    assert waited == [15, 60, 15, 1440]
    assert re.findall(r"^\| 5.*?\| (.+?) \|$", TEXT, re.M) == ["15 minutes", "an hour", "15 minutes", "a day"]


def test_a_stretch_admits_two_n_less_two() -> None:
    clock = Clock()
    of = logins(clock, Lockout(on=[], tries="5/15 minutes"))
    assert fails(of)
    clock.now += 15 * MINUTE - 1000
    assert [fails(of) for _ in range(3)] == [True] * 3
    clock.now += 1000  # the window of the first is over, the three were a microsecond ago
    assert [fails(of) for _ in range(6)] == [True] * 5 + [False]


def test_tries_in_flight_count() -> None:
    of = logins(Clock(), Lockout(on=[], tries="5/15 minutes"))
    flying = [of.attempt("ann", client="192.0.2.1") for _ in range(5)]
    for attempt in flying:
        attempt.__enter__()
    assert not fails(of)
    flying[0].succeeded()
    flying[0].__exit__(None, None, None)
    assert fails(of)


def test_a_success_clears_the_windows() -> None:
    of = logins(Clock(), Lockout(on=[], tries="5/15 minutes"))
    assert [fails(of) for _ in range(4)] == [True] * 4
    with of.attempt("ann", client="192.0.2.2") as attempt:
        attempt.succeeded()
    assert [fails(of) for _ in range(6)] == [True] * 5 + [False]


def test_the_cap_opens_by_itself() -> None:
    clock = Clock()
    of = logins(clock, Lockout(on=[], tries="99/minute", client_tries="999/minute", cap=3, cap_days=1))
    assert [fails(of) for _ in range(4)] == [True] * 3 + [False]
    clock.now += 1439 * MINUTE
    assert not fails(of)
    clock.now += MINUTE
    assert fails(of)


def test_another_way_in_counts_too(page: dict[str, Any]) -> None:
    come = page["mail_login"]
    assert come("ann", "correct horse", "192.0.2.1") == "welcome"
    assert [come("ann", "no", f"192.0.2.{n}") for n in range(6)] == ["wrong"] * 5 + ["again in 900 s"]


def test_the_second_factor_has_tries_of_its_own_and_makes_the_device_known(page: dict[str, Any]) -> None:
    client = TestClient(page["site"], base_url=SITE, headers={**SAME, "X-Name": "ann"})
    entered = client.post("/enter", headers={"X-Password": "correct horse"})
    assert (entered.text, "Set-Cookie" in entered.headers) == ("and the code?", False)
    tried = [client.post("/code", headers={"X-Code": "0"}).status_code for _ in range(6)]
    assert tried == [401] * 5 + [429]
    assert client.post("/enter", headers={"X-Password": "correct horse"}).status_code == 200
    page["logins"].unlock("ann")
    assert client.post("/code", headers={"X-Code": "123456"}).headers["Set-Cookie"].startswith("__Host-netguard-device")


def test_a_link_unlocks_once_and_only_by_post(page: dict[str, Any]) -> None:
    client = page["app"].test_client(use_cookies=False)
    assert statuses(client, "/login", 6, data=WRONG) == [200] * 5 + [429]
    told = {ask(client, "/unlock", data={"username": name}).text for name in ("ann", "nobody")}
    assert (len(told), len(page["letters"])) == (1, 1)
    path = page["letters"][0].removeprefix(SITE)
    assert "<button>" in client.get(path, base_url=SITE).text
    assert ask(client, "/login", data=RIGHT).status_code == 429
    assert [ask(client, path).text, ask(client, path).status_code] == ["unlocked", 410]
    assert ask(client, "/login", data=RIGHT).location == "/courts"


def test_a_reset_unlocks_a_known_browser_too(page: dict[str, Any]) -> None:
    client = page["app"].test_client()
    ask(client, "/login", data=RIGHT)
    assert statuses(client, "/login", 6, data=WRONG) == [200] * 5 + [429]
    assert ask(client, "/reset/1").status_code == 200
    assert ask(client, "/login", data=RIGHT).location == "/courts"


def test_an_outage_leaves_two_and_ten() -> None:
    windows = Lockout(on=[]).windows(Lockout(on=[]).tries)
    assert [count for count, _ in Windows(key=b"", windows=windows).share(Policy().outage_share).windows] == [2, 10]


def test_a_full_store_refuses_new_logins_by_503() -> None:
    policy = Policy(lockout=Lockout(on=[], devices=False), store="memory://?keys=1")
    with pytest.raises(LockedOut) as caught, Logins(policy).attempt("ann", client="192.0.2.1"):
        pass
    assert caught.value.refusal.status == 503


def test_who_is_locked_is_listed(page: dict[str, Any]) -> None:
    statuses(page["app"].test_client(), "/login", 5, data=WRONG)
    assert page["locked_now"]() == [f"account {page['unlocking'].pseudonym('ANN')}: 900 s"]
    waits = page["waits"]("Ann", "bob")
    assert (round(waits["Ann"]), waits["bob"]) == (900, 0)


def test_the_table_of_events_has_their_names(page: dict[str, Any]) -> None:
    rows = re.findall(r"^\| (`lockout\..+?) \| (`\w+`)? ?\| ", TEXT, re.M)
    told = {code: name.strip("`") for codes, name in rows for code in re.findall(r"`(.+?)`", codes)}
    assert {code: name for code, name in told.items() if name} == _NAMES_OF_CODES
    reasons = re.findall(r"^### `(lockout\..+?)`", (DOCS / "reasons.md").read_text(), re.M)
    assert sorted(told) == sorted(reasons)


def test_a_trial_only_tells(page: dict[str, Any]) -> None:
    codes: list[str] = []
    policy = Policy(
        hosts=["booking.example"], lockout=page["trial"], secrets=page["policy"].secrets,
        events=[lambda event: codes.append(event.code)],
    )  # fmt: skip
    assert answered(policy, 200, *[{"data": {"username": "ann"}}] * 6) == [200] * 6
    assert codes[-2:] == ["lockout.account", "lockout.failed"]


def test_the_defaults_of_the_table() -> None:
    lockout = Lockout(on=[])
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \|", TEXT.partition("\n## ")[0], re.M)
    told = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    for names, defaults in rows:
        fields = re.findall(r"`(\w+)`", names)
        values = [eval(text.strip("` ")) for text in defaults.split(", ") if text != "–"]  # noqa: S307  # the docs' own
        assert not values or [getattr(lockout, field) for field in fields] == values * (len(fields) // len(values))
    assert {"on", "username", "success", "tries", "mode", "on_outage"} <= told.keys()


def test_the_file_of_the_page(tmp_path: Path) -> None:
    (text,) = blocks(PAGE, "toml")
    (tmp_path / "policy.toml").write_text(text)
    pages, tokens = Policy.from_toml(tmp_path / "policy.toml").lockouts()
    assert (str(pages.sources[0]), pages.tries) == ("form(username)", "5/15 minutes; 10/hour; 20/day")
    assert (str(tokens.sources[0]), tokens.name) == ("json_field(user.name)", "tokens")
    (tmp_path / "one.toml").write_text(
        text.partition('\n[[lockout]]\non = "POST /api')[0].replace("[[lockout]]", "[lockout]")
    )
    assert Policy.from_toml(tmp_path / "one.toml").lockouts() == (pages,)
