"""Rules that need the user, in Flask: the hook asks who it is, and what nobody judged does not leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, Response, session
from flask_login import LoginManager, UserMixin, login_user  # type: ignore[import-untyped]

from netguard import ConfigError, NetguardError, Policy
from netguard.flask import Netguard
from netguard.messages import Refusal, Request
from netguard.plan import Plan
from netguard.rules import Mode

SITE = "https://booking.example"
SECRET = b"the members' list"


@dataclass(slots=True, kw_only=True)
class Only:
    """Lets these users pass, by what ``name`` reads from them; keeps whom it was asked about."""

    names: Sequence[object]
    rule: str = "fake"
    mode: Mode = "enforce"
    hides: bool = False
    name: Callable[[Any], object] = lambda user: user
    asked: list[object] = field(default_factory=list)

    def matches(self, request: Request) -> bool:
        return request.path.startswith("/members")

    def judge(self, request: Request, user: object) -> Refusal | None:
        self.asked.append(user)
        return None if user is not None and self.name(user) in self.names else Refusal(self.rule, "fake.no", 403)


def plan(*rules: Only) -> Plan:
    return Plan(Policy(hosts=["booking.example"]), user_rules=rules)


def members_app() -> Flask:
    app = Flask(__name__)
    app.secret_key = "a key of this test"

    @app.route("/members", methods=["GET", "POST"])
    def members() -> Response:
        response = Response(SECRET)
        response.set_cookie("seen", "yes")
        return response

    app.add_url_rule("/", view_func=lambda: "home")
    return app


def answer(app: Flask, path: str = "/members") -> Any:
    return app.test_client().get(path, base_url=SITE)


def assert_withheld(refused: Any) -> None:
    assert refused.status_code == 403
    assert SECRET not in refused.data
    assert "Set-Cookie" not in refused.headers
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["Cache-Control"] == "no-store"


def test_user_whom_the_rule_lets_pass_gets_the_page() -> None:
    rule, app = Only(names=["ada"]), members_app()
    Netguard(app, plan(rule), user=lambda: "ada")
    passed = answer(app)
    assert (passed.status_code, passed.data, rule.asked) == (200, SECRET, ["ada"])
    assert "Secure" in passed.headers["Set-Cookie"]


@pytest.mark.parametrize("user", ["eve", None])
def test_user_whom_the_rule_refuses_never_reaches_the_view(user: str | None) -> None:
    app = Flask(__name__)
    app.add_url_rule("/members", view_func=lambda: pytest.fail("the view was reached"))
    Netguard(app, plan(Only(names=["ada"])), user=lambda: user)
    assert_withheld(answer(app))


def test_nobody_is_asked_where_no_rule_guards() -> None:
    app = members_app()
    Netguard(app, plan(rule := Only(names=["ada"])), user=lambda: pytest.fail("the user was read"))
    assert answer(app, "/").text == "home"
    assert rule.asked == []


def test_policy_without_rules_about_users_has_no_hook() -> None:
    app = members_app()
    Netguard(app, Policy(hosts=["booking.example"]))
    assert app.before_request_funcs == {}
    assert answer(app).data == SECRET


def test_rule_in_report_mode_lets_pass() -> None:
    app = members_app()
    Netguard(app, plan(Only(names=["ada"], mode="report")), user=lambda: "eve")
    assert answer(app).data == SECRET


def test_response_that_left_before_the_hook_ran_is_withheld() -> None:
    app = members_app()
    app.before_request(lambda: Response(SECRET, headers={"Set-Cookie": "seen=yes"}))
    Netguard(app, plan(rule := Only(names=["ada"])), user=lambda: "ada")
    assert_withheld(answer(app))
    assert rule.asked == []


def test_hooks_before_netguard_may_find_out_who_it_is() -> None:
    app = members_app()
    app.before_request(lambda: session.update(user="ada"))
    Netguard(app, plan(Only(names=["ada"])), user=lambda: session.get("user"))
    assert answer(app).data == SECRET


def test_missing_page_is_refused_like_any_other() -> None:
    app = members_app()
    Netguard(app, plan(Only(names=["ada"])), user=lambda: None)
    assert answer(app, "/members/nowhere").status_code == 403


def test_user_may_be_found_asynchronously_and_an_awaitable_is_nobody() -> None:
    async def ada() -> str:
        return "ada"

    good, bad = members_app(), members_app()
    Netguard(good, plan(Only(names=["ada"])), user=ada)
    assert answer(good).data == SECRET
    bad.config["TESTING"] = True
    Netguard(bad, plan(Only(names=["ada"])), user=lambda: Awaitable())
    with pytest.raises(NetguardError, match="awaitable"):
        answer(bad)


class Awaitable:
    """Truthy, and nobody."""

    def __await__(self) -> Any:
        yield


def test_user_that_cannot_be_found_out_lets_nothing_leave() -> None:
    app = members_app()
    Netguard(app, plan(Only(names=["ada"])), user=lambda: session["user"])
    assert_withheld(answer(app))


class Member(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    def __init__(self, name: str) -> None:
        self.id = name


def test_flask_login_knows_the_user() -> None:
    app, rule = members_app(), Only(names=["ada"], name=lambda user: user.id)
    LoginManager(app).user_loader(Member)
    app.add_url_rule("/login/<name>", "login", lambda name: str(login_user(Member(name))))
    Netguard(app, plan(rule))
    client = app.test_client()
    assert_withheld(client.get("/members", base_url=SITE))
    assert rule.asked == [None]
    for name, status in {"eve": 403, "ada": 200}.items():
        client.get(f"/login/{name}", base_url=SITE)
        assert client.get("/members", base_url=SITE).status_code == status
    assert type(rule.asked[-1]) is Member


@pytest.mark.parametrize(
    ("user", "mend"),
    [
        pytest.param(None, "user=...\\), or initialise Flask-Login before", id="nobody-to-ask"),
        pytest.param("ada", "a callable without arguments, not 'ada'", id="no-callable"),
    ],
)
def test_nobody_to_ask_is_found_at_start_up(user: Any, mend: str) -> None:
    with pytest.raises(ConfigError, match=mend):
        Netguard(members_app(), plan(Only(names=["ada"])), user=user)
