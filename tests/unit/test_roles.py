"""Roles with the users of Flask-Login, Starlette and FastAPI, and what no role may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from flask import Flask
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, login_user  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from werkzeug.local import LocalProxy

from netguard import Area, ConfigError, LivePolicy, Policy, fastapi, group, permission, role, scope, signed_in, staff
from netguard import flask as for_flask
from netguard import starlette as for_starlette
from netguard.events import SecurityEvent
from netguard.roles import lacks, roles_of

SITE = "https://booking.example"
WHO = {"ann": {"scopes": ["desk:read"], "role": "secretary"}, "bob": {"scopes": ["desk:readers"], "role": "member"}}


def policy(require: Any, told: list[SecurityEvent] | None = None, **keywords: Any) -> Policy:
    events = [] if told is None else [told.append]
    return Policy(hosts=["booking.example"], areas=[Area("/desk", require=require, **keywords)], events=events)


def asked(site: Any, *names: str | None) -> list[int]:
    """What each of these is answered."""
    return [site.get("/desk", headers={} if name is None else {"X-User": name}).status_code for name in names]


class Member(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    def __init__(self, name: str) -> None:
        self.id = name
        self.role = WHO[name]["role"]
        self.groups = ["office"] if name == "ann" else []

    def has_perm(self, name: str) -> bool:
        return name == "desk.open" and self.id == "ann"


@pytest.mark.parametrize(
    "require", [role("secretary"), group("office"), permission("desk.open"), lambda user: user.id == "ann"]
)
def test_flask_login(require: Any) -> None:
    app = Flask(__name__)
    app.secret_key = "a key of this test"
    LoginManager(app).user_loader(Member)
    app.add_url_rule("/desk", "desk", lambda: "open")
    app.add_url_rule("/login/<name>", "login", lambda name: str(login_user(Member(name))))
    for_flask.Netguard(app, policy(require))
    client, seen = app.test_client(), []
    for name in (None, "bob", "ann"):
        if name:
            client.get(f"/login/{name}", base_url=SITE)
        seen.append(client.get("/desk", base_url=SITE).status_code)
    assert seen == [403, 403, 200]


@pytest.mark.parametrize("nobody", [None, False, "", 0, AnonymousUserMixin(), LocalProxy(AnonymousUserMixin)])
def test_nobody_is_signed_in_however_a_hook_says_so(nobody: object) -> None:
    app = Flask(__name__)
    app.add_url_rule("/desk", "desk", lambda: "open")
    for_flask.Netguard(app, policy(signed_in), user=lambda: nobody)
    assert app.test_client().get("/desk", base_url=SITE).status_code == 403


def test_a_flask_app_may_learn_of_roles_by_a_reload_where_it_knows_users() -> None:
    areas: list[Area] = []
    live = LivePolicy(lambda: Policy(hosts=["booking.example"], areas=areas), every=0)
    deaf, app = Flask("deaf"), Flask("app")
    app.add_url_rule("/desk", "desk", lambda: "open")
    for_flask.Netguard(app, live, user=lambda: None)
    assert app.test_client().get("/desk", base_url=SITE).status_code == 200
    areas.append(Area("/desk", require=signed_in))
    live.reload()
    assert app.test_client().get("/desk", base_url=SITE).status_code == 403
    areas.clear()
    live.reload()
    for_flask.Netguard(deaf, live)
    areas.append(Area("/desk", require=signed_in))
    with pytest.raises(ConfigError, match="user="):
        live.reload()


class ByField(AuthenticationBackend):
    """An authentication of Starlette's by the field X-User."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        name = conn.headers.get("x-user")
        if name is None:
            return None
        user = SimpleUser(name)
        user.role = WHO[name]["role"]  # type: ignore[attr-defined]
        return AuthCredentials(WHO[name]["scopes"]), user


async def desk(request: Request) -> PlainTextResponse:
    return PlainTextResponse("open")


def starlette_site(made: Policy, *layers: Middleware) -> TestClient:
    app = Starlette(routes=[Route("/desk", desk)], middleware=layers)
    app.add_middleware(for_starlette.NetguardMiddleware, policy=made)
    return TestClient(app, base_url=SITE, raise_server_exceptions=False)


AUTHENTICATED = Middleware(AuthenticationMiddleware, backend=ByField())


@pytest.mark.parametrize("require", [scope("desk:read"), role("secretary"), [signed_in, scope("desk:read")]])
def test_starlettes_authentication(require: Any) -> None:
    site = starlette_site(policy(require), AUTHENTICATED, Middleware(for_starlette.UserRules))
    assert asked(site, None, "bob", "ann") == [403, 403, 200]


@pytest.mark.parametrize(
    ("keywords", "status", "code"),
    [pytest.param({}, 403, "roles.unjudged", id="shown"), pytest.param({"hide": True}, 404, "not-found", id="hidden"),
     pytest.param({"mode": "report"}, 200, None, id="report")],
)  # fmt: skip
def test_a_hook_that_never_ran(keywords: dict[str, Any], status: int, code: str | None) -> None:
    told: list[SecurityEvent] = []
    site = starlette_site(policy(scope("desk:read"), told, **keywords), AUTHENTICATED)
    answer = site.get("/desk", headers={"X-User": "ann", "Accept": "application/json"})
    assert (answer.status_code, [event.code for event in told]) == (status, ["roles.unjudged"])
    assert told[0].enforced == (code is not None)
    assert answer.text == "open" if code is None else answer.json()["code"] == code


def test_a_require_that_raises_lets_nobody_in() -> None:
    def broken(user: Any) -> bool:
        raise LookupError("no such club")

    told: list[SecurityEvent] = []
    site = starlette_site(policy(broken, told), AUTHENTICATED, Middleware(for_starlette.UserRules))
    assert asked(site, "ann") == [403]
    assert "roles.unjudged" in [event.code for event in told]


def known(connection: HTTPConnection) -> str | None:
    return connection.headers.get("x-user")


def a_user(name: str | None) -> Any:
    return None if name is None else SimpleNamespace(**WHO[name])


def member(request: Request, name: Annotated[str | None, Depends(known)]) -> None:
    fastapi.admitted(request, a_user(name))


async def amember(request: Request, name: Annotated[str | None, Depends(known)]) -> None:
    await fastapi.aadmitted(request, a_user(name))


@pytest.mark.parametrize("dependency", [member, amember])
def test_fastapis_dependencies(dependency: Callable[..., Any]) -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.add_api_route("/desk", lambda: "open", dependencies=[Depends(dependency)])
    app.add_middleware(fastapi.NetguardMiddleware, policy=policy(scope("desk:read")))
    assert asked(TestClient(app, base_url=SITE), None, "bob", "ann") == [403, 403, 200]


def test_a_fastapi_route_without_the_dependency_is_withheld() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.add_api_route("/desk", lambda: "open")
    app.add_middleware(fastapi.NetguardMiddleware, policy=policy(scope("desk:read"), hide=True))
    answer = TestClient(app, base_url=SITE).get("/desk")
    assert answer.status_code == 404
    assert "open" not in answer.text


@pytest.mark.parametrize(
    ("one", "has", "lacks_it"),
    [
        pytest.param(role("a"), SimpleNamespace(role="a"), SimpleNamespace(role="ab"), id="role"),
        pytest.param(role("a"), SimpleNamespace(roles={"a"}), SimpleNamespace(roles="ab"), id="roles"),
        pytest.param(scope("a"), SimpleNamespace(scopes=["a"]), SimpleNamespace(scopes="ab"), id="scopes"),
        pytest.param(group("a"), SimpleNamespace(groups=["a"]), SimpleNamespace(groups=3), id="groups"),
        pytest.param(staff, SimpleNamespace(is_staff=True), SimpleNamespace(is_staff="no"), id="staff"),
        pytest.param(permission("a"), SimpleNamespace(has_perm="a".__eq__), SimpleNamespace(has_perm=True), id="perm"),
    ],
)
def test_what_a_user_has(one: Any, has: object, lacks_it: object) -> None:
    assert [lacks([one], user) for user in (has, lacks_it, object())] == [None, one, one]


class Awaited:
    """True of everything, and no answer."""

    def __await__(self) -> Any:
        yield


def test_an_answer_that_would_have_to_be_awaited_is_none() -> None:
    asked_of = roles_of("require", lambda user: Awaited())
    assert lacks(asked_of, object()) is asked_of[0]


@pytest.mark.parametrize(
    ("written", "named"),
    [
        pytest.param("staff", ["staff"], id="staff"),
        pytest.param("signed-in", ["signed in"], id="signed-in"),
        pytest.param("permission:booking.view", ["permission booking.view"], id="permission"),
        pytest.param("scope:desk:read", ["scope desk:read"], id="scope-with-a-colon"),
        pytest.param(["group:office", "role:secretary"], ["group office", "role secretary"], id="list"),
        pytest.param(True, ["signed in"], id="true"),
        pytest.param(f"{__name__}:known", ["known"], id="callable"),
    ],
)
def test_roles_of_a_file(written: Any, named: list[str]) -> None:
    assert [str(one) for one in roles_of("require", written)] == named


def test_areas_of_a_file(tmp_path: Any) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("""hosts = ["booking.example"]
[[areas]]
path = ["/admin/*", "POST /courts"]
networks = ["10.0.0.0/8", "private"]
deny = ["10.6.6.0/24"]
require = ["permission:booking.view", "staff"]
hide = true
mode = "report"
[[areas]]
path = "/desk"
require = "permission:booking.view"
""")
    admin, desk = Policy.from_toml(file).areas
    assert (admin.patterns(), admin.hide, admin.mode) == (("/admin/*", "POST /courts"), True, "report")
    assert admin.allowed and "10.1.2.3" in admin.allowed.read()  # noqa: PT018  # the first is for the type checker
    assert [str(one) for one in admin.roles] == ["permission booking.view", "staff"]
    assert [str(one) for one in desk.roles] == ["permission booking.view"]


@pytest.mark.parametrize(
    ("held", "passes"),
    [
        pytest.param({"secretary": True}, True, id="a-flag"),
        pytest.param({"secretary": False}, False, id="a-flag-that-is-off"),
        pytest.param("secretary-general", False, id="a-longer-name"),
        pytest.param(lambda: ["secretary"], False, id="a-method"),
    ],
)
def test_what_holds_a_role(held: object, passes: bool) -> None:
    assert (lacks([role("secretary")], SimpleNamespace(roles=held)) is None) is passes


def yields(user: Any) -> Iterator[bool]:
    yield False


async def is_staff(user: Any) -> bool:
    return True


class Later:
    async def __call__(self, user: Any) -> bool:
        return True


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: Area("/x"), "refuses nobody", id="nothing"),
        pytest.param(lambda: Area("x", deny=["10.0.0.1"]), "Area.path: 'x'", id="path"),
        pytest.param(lambda: Area([], deny=["10.0.0.1"]), "name a path", id="no-path"),
        pytest.param(lambda: Area("/x", networks="10.0.0.0/8"), r"write a list, \['10.0.0.0/8'\]", id="bare-network"),
        pytest.param(lambda: Area("/x", networks=["10.0.0.0/33"]), "Area.networks: '10.0.0.0/33'", id="network"),
        pytest.param(lambda: Area("/x", deny="privat"), "did you mean 'private'", id="word"),
        pytest.param(lambda: Area("/x", require=staff, mode="shadow"), "Area.mode", id="mode"),  # type: ignore[arg-type]
        pytest.param(lambda: Area("/x", require=staff, hide="yes"), "Area.hide", id="hide"),  # type: ignore[arg-type]
        pytest.param(lambda: Area("/x", netwroks=["10.0.0.1"]), "did you mean 'networks'", id="keyword"),  # type: ignore[call-arg]
        pytest.param(lambda: Area("/x", require=[]), "asks for nothing", id="empty-list"),
        pytest.param(lambda: Area("/x", require="stuff"), "'stuff' is no role; did you mean 'staff'", id="role-word"),
        pytest.param(lambda: Area("/x", require="grup:a"), "did you mean 'group'", id="role-kind"),
        pytest.param(lambda: Area("/x", require="nowhere:check"), "cannot be imported", id="no-module"),
        pytest.param(lambda: Area("/x", require="group:"), r"group\(...\): a name is meant", id="no-name"),
        pytest.param(lambda: Area("/x", require=permission), r"write permission\('...'\)", id="uncalled"),
        pytest.param(lambda: permission(3), r"permission\(...\): a name is meant, not 3", id="number"),  # type: ignore[arg-type]
        pytest.param(lambda: Area("/x", require=3), "3 is no role", id="no-role"),
        pytest.param(lambda: Area("/x", require=Member), "is no role", id="class"),
        pytest.param(lambda: Area("/x", require=is_staff), "must neither be async nor yield", id="async"),
        pytest.param(lambda: Area("/x", require=Later()), "must neither be async nor yield", id="async-object"),
        pytest.param(lambda: Area("/x", require=yields), "must neither be async nor yield", id="generator"),
        pytest.param(lambda: Policy(areas=[Area("/x", deny=["10.0.0.1"]), Area("/x", require=staff)]),
                     "two areas are '/x'", id="twice"),
        pytest.param(lambda: Policy(areas=[Area("/x", deny=["10.0.0.1"]), Area("/x/", require=staff)]),
                     "two areas are '/x/'", id="twice-by-a-slash"),
        pytest.param(lambda: Policy(areas=[Area("/{id}/*", deny=["10.0.0.1"]), Area("/{name}//*", require=staff)]),
                     "two areas are '/{name}//\\*'", id="twice-by-names"),
        pytest.param(lambda: Policy(areas=[3]), "Policy.areas: each entry is a Area", id="no-area"),  # type: ignore[list-item]
        pytest.param(lambda: Policy(hosts_mode="off"), "Policy.hosts_mode", id="hosts-mode"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(paths_mode="off"), "Policy.paths_mode", id="paths-mode"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_mistakes_end_the_start(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()
