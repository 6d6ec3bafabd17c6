"""The page about Starlette and FastAPI in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from netguard.cli.main import main
from netguard.starlette import NetguardMiddleware
from support.certificates import issue
from support.docs import blocks, run
from support.observatory import scan
from support.servers import serve

PAGE = "starlette.md"
FILES = {"templates/courts.html": blocks(PAGE, "html")[0], "policy.toml": blocks(PAGE, "toml")[0]}
SECTIONS = {name: blocks(PAGE, section=name) for name in ("Starlette", "FastAPI", "Both")}
EVIL = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the page's files are, and its code runs."""
    made = tmp_path_factory.mktemp("shop")
    (made / "templates").mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        yield made


@pytest.fixture(scope="module")
def starlette(folder: Path) -> dict[str, Any]:
    return run(PAGE, SECTIONS["Starlette"])


@pytest.fixture(scope="module")
def fastapi(folder: Path) -> dict[str, Any]:
    return run(PAGE, SECTIONS["FastAPI"])


@pytest.fixture(scope="module")
def both(folder: Path) -> dict[str, Any]:
    return run(PAGE, SECTIONS["Both"])


def site(app: Starlette, name: str = "booking.example", scheme: str = "https") -> TestClient:
    return TestClient(app, base_url=f"{scheme}://{name}", follow_redirects=False)


def csp(answer: Any) -> str:
    return str(answer.headers["Content-Security-Policy"])


def nonce_of(answer: Any) -> str:
    (nonce,) = re.findall("nonce=['\"](.+?)['\"]", answer.text)
    return str(nonce)


def test_the_sixth_guess_is_refused_but_to_a_known_browser(starlette: dict[str, Any]) -> None:
    owner, guesser = site(starlette["club"]), site(starlette["club"])
    right, guess = ({"username": "ada", "password": word} for word in ("correct horse", "a guess"))
    assert owner.post("/login", json=right).text == "welcome"
    assert [guesser.post("/login", json=guess).status_code for _ in range(6)] == [401] * 5 + [429]
    assert owner.post("/login", json=right).text == "welcome"


@pytest.mark.parametrize(("page", "path"), [("starlette", "/"), ("fastapi", "/api/courts")])
def test_the_app_is_protected(request: pytest.FixtureRequest, page: str, path: str) -> None:
    app = request.getfixturevalue(page)["app"]
    answer = site(app).get(path)
    assert answer.status_code == 200
    assert {"X-Content-Type-Options", "Strict-Transport-Security"} <= set(map(str.title, answer.headers))
    assert site(app, scheme="http").get(path).headers["Location"] == f"https://booking.example{path}"
    assert site(app, "evil.example").get(path).status_code == 400
    assert site(app).post(path, headers=EVIL).status_code == 403


def test_the_session_cookie_gets_secure(starlette: dict[str, Any]) -> None:
    assert "; Secure" in site(starlette["app"]).get("/").headers["Set-Cookie"]


@pytest.mark.parametrize(("page", "path"), [("starlette", "/courts"), ("fastapi", "/map")])
def test_scripts_have_the_nonce_of_their_response(request: pytest.FixtureRequest, page: str, path: str) -> None:
    answer = site(request.getfixturevalue(page)["app"]).get(path)
    assert f"'nonce-{nonce_of(answer)}'" in csp(answer)


@pytest.mark.parametrize("page", ["starlette", "fastapi"])
def test_an_endpoint_has_sources_of_its_own(request: pytest.FixtureRequest, page: str) -> None:
    answer = site(request.getfixturevalue(page)["app"]).get("/map")
    assert "img-src 'self' https://tiles.example" in csp(answer)


def test_an_endpoint_replaces_headers(starlette: dict[str, Any]) -> None:
    widget = site(starlette["app"]).get("/widget")
    assert "frame-ancestors https://partner.example" in csp(widget)
    assert "X-Frame-Options" not in widget.headers


def test_members_are_served(starlette: dict[str, Any]) -> None:
    assert site(starlette["members"]).get("/").status_code == 200


def test_the_documentation_pages_may_load_their_scripts(fastapi: dict[str, Any]) -> None:
    assert "https://cdn.jsdelivr.net/" in csp(site(fastapi["app"]).get("/docs"))


def test_the_dependency_knows_the_user(fastapi: dict[str, Any]) -> None:
    client = site(fastapi["app"])
    assert client.get("/bookings").status_code == 401
    assert client.get("/bookings", headers={"Authorization": "Bearer of your own"}).json() == "no bookings, ada"


def test_a_preflight_meets_the_policy_first(both: dict[str, Any]) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    passed = site(both["api"], "api.example").options("/courts", headers=asked)
    assert (passed.status_code, passed.headers["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
    for client, status in ((site(both["api"], "api.example", "http"), 308), (site(both["api"], "evil.example"), 400)):
        refused = client.options("/courts", headers=asked)
        assert refused.status_code == status
        assert not [name for name in refused.headers if name.startswith("access-control-")]


def test_a_listed_origin_may_change_something(both: dict[str, Any]) -> None:
    client = site(both["api"], "api.example")
    assert client.post("/courts", headers={"Origin": "https://shop.example", "Cookie": "a=1"}).status_code == 200
    assert client.post("/courts", headers={**EVIL, "Cookie": "a=1"}).status_code == 403


def test_the_file_says_the_same(both: dict[str, Any]) -> None:
    assert both["policy"].hosts == ("booking.example",)
    app = Starlette(middleware=[Middleware(NetguardMiddleware, policy=both["policy"])])
    assert "img-src 'self' https://cdn.example" in csp(site(app).get("/"))


def test_explain_prints_what_the_page_shows() -> None:
    command, _, printed = blocks(PAGE, "console")[0].partition("\n")
    _, *words = shlex.split(command.removeprefix("$ "))
    assert CliRunner().invoke(main, words).output == printed


def test_a_refusal_has_the_page_and_the_language(both: dict[str, Any]) -> None:
    accepts = {"Accept": "text/html", "Accept-Language": "de-AT, en;q=0.5"}
    refused = site(both["shop"]).post("/", headers={**EVIL, **accepts})
    assert "<h1>Diese Anfrage ist nicht erlaubt.</h1><p>origin.foreign</p>" in refused.text


@pytest.mark.needs("observatory")
@pytest.mark.parametrize("section", ["Starlette", "FastAPI"])
def test_the_first_two_blocks_get_a_plus(tmp_path: Path, section: str) -> None:
    home = "\n\n\n@app.get('/')\ndef home() -> str:\n    return 'Courts'\n" if section == "FastAPI" else ""
    (tmp_path / "shop.py").write_text("\n\n".join(SECTIONS[section][:2]) + home)
    cert = issue(tmp_path, "booking.example", "localhost")
    with (
        serve("uvicorn", "shop:app", cert=cert, path=[tmp_path]) as tls,
        serve("uvicorn", "shop:app", path=[tmp_path]) as plain,
    ):
        graded = scan("booking.example", https=tls.port, http=plain.port, cert=cert)
    print(f"HTTP Observatory: {graded.grade}, {graded.score}")
    assert graded.grade == "A+"
    assert graded.score >= 120
