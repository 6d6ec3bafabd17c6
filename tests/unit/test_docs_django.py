"""The page about Django in the docs: its code makes a project, run by itself, that does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from support.certificates import Certificate, issue
from support.observatory import scan
from support.servers import Process, serve

PAGE = Path(__file__).parents[2] / "docs" / "django.md"
BLOCKS = re.findall(r"^```python\n# (shop/\w+\.py)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
HOST = {"Host": "booking.example"}
GUESSES = """
from django.contrib.auth.models import User
from django.test import Client
User.objects.create_user("ada", password="correct horse")
host = {"host": "booking.example", "sec-fetch-site": "same-origin"}
tried = lambda word: Client(headers=host).post("/login", {"username": "ada", "password": word}, secure=True)
right = tried("correct horse")
print(right.content.decode(), *right.cookies)
print([tried(word).status_code for word in ["a guess"] * 6 + ["correct horse"]])
"""
FIRST = 3  # blocks from an unprotected app to A+


def project(folder: Path, blocks: list[tuple[str, str]]) -> Path:
    """Write the blocks into their files; one that names a file again continues it."""
    (folder / "shop").mkdir()
    for name, code in blocks:
        with (folder / name).open("a") as file:
            file.write(code)
    (folder / "shop" / "plain.py").write_text(
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    )
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after the page's last block."""
    return project(tmp_path_factory.mktemp("docs"), BLOCKS)


@pytest.fixture(scope="module", params=["wsgi", "asgi", "plain"])
def server(request: pytest.FixtureRequest, shop: Path, certificate: Certificate) -> Iterator[Process]:
    server = "uvicorn" if request.param == "asgi" else "gunicorn"
    env = {"DJANGO_SETTINGS_MODULE": "shop.settings"}
    with serve(server, f"shop.{request.param}:application", cert=certificate, path=[shop], env=env) as process:  # type: ignore[arg-type]
        yield process


def get(server: Process, certificate: Certificate, path: str, **headers: str) -> httpx2.Response:
    return httpx2.get(server.url + path, headers={**HOST, **headers}, verify=certificate.client_context())


def manage(shop: Path, *command: str) -> str:
    path = os.pathsep.join([str(shop), *sys.path])
    env = {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "shop.settings"}
    told = subprocess.run(
        [sys.executable, "-m", "django", *command], cwd=shop, env=env, capture_output=True, text=True, check=True
    )
    return told.stdout + told.stderr


def test_every_block_of_code_is_part_of_the_project() -> None:
    assert len(BLOCKS) == PAGE.read_text().count("```python\n")


def test_the_page_is_protected_in_each_form(server: Process, certificate: Certificate) -> None:
    answer = get(server, certificate, "/")
    assert (answer.status_code, "<h1>Courts</h1>" in answer.text) == (200, True)
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert get(server, certificate, "/", Host="evil.example").status_code == 400


def test_two_views_have_headers_of_their_own(server: Process, certificate: Certificate) -> None:
    answer = get(server, certificate, "/map")
    assert "img-src 'self' https://tiles.example" in answer.headers["content-security-policy"]
    widget = get(server, certificate, "/widget")
    assert "frame-ancestors https://partner.example" in widget.headers["content-security-policy"]
    assert "x-frame-options" not in widget.headers


def test_another_origin_may_ask(server: Process, certificate: Certificate) -> None:
    asked = {"Origin": "https://club.example", "Access-Control-Request-Method": "POST"}
    context = certificate.client_context()
    answer = httpx2.options(server.url, headers={**HOST, **asked}, verify=context)
    assert answer.headers["access-control-allow-origin"] == "https://club.example"


def test_websockets_are_guarded_under_asgi(shop: Path, certificate: Certificate) -> None:
    with serve("uvicorn", "shop.asgi:application", cert=certificate, path=[shop]) as server:
        with socket_to(server, certificate, "https://booking.example") as opened:
            assert opened.response is not None
            assert opened.response.status_code == 101
        with pytest.raises(InvalidStatus, match="403"):
            socket_to(server, certificate, "https://evil.example")


def socket_to(server: Process, certificate: Certificate, origin: str) -> ClientConnection:
    wire = create_connection(("127.0.0.1", server.port))
    context = certificate.client_context()
    return connect("wss://booking.example/live", sock=wire, ssl=context, origin=Origin(origin), proxy=None)


def test_the_tests_of_the_page_pass_and_nothing_is_amiss(shop: Path) -> None:
    assert "Ran 2 tests" in manage(shop, "test", "shop")
    assert "no issues" in manage(shop, "check")
    assert "no issues" in manage(shop, "check", "--deploy")


def test_the_template_of_the_page_has_the_nonce(shop: Path) -> None:
    source = re.findall(r"^```html\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[0]
    (shop / "templates").mkdir(exist_ok=True)
    (shop / "templates" / "page.html").write_text(source)
    (shop / "shop" / "rendered.py").write_text(
        "from django.shortcuts import render\nfrom django.test import RequestFactory\n"
        "from types import SimpleNamespace\nimport django\ndjango.setup()\n"
        "request = RequestFactory().get('/')\nrequest.netguard = SimpleNamespace(nonce='r4nd0m')\n"
        "print(render(request, 'page.html').content.decode())\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(shop), *sys.path])}
    env["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    command = [sys.executable, "-m", "shop.rendered"]
    told = subprocess.run(command, cwd=shop, env=env, capture_output=True, text=True, check=True)
    assert '<script nonce="r4nd0m">' in told.stdout


def test_the_sixth_guess_is_refused_and_a_login_makes_known(shop: Path) -> None:
    manage(shop, "migrate")
    told = manage(shop, "shell", "-c", GUESSES)
    assert "welcome" in told
    assert "__Host-netguard-device" in told
    assert str([200] * 5 + [429, 429]) in told


@pytest.mark.needs("observatory")
def test_the_first_three_blocks_get_a_plus(tmp_path: Path) -> None:
    folder = project(tmp_path, BLOCKS[:FIRST])
    cert = issue(tmp_path, "booking.example", "localhost")
    env = {"DJANGO_SETTINGS_MODULE": "shop.settings"}
    with (
        serve("gunicorn", "shop.plain:application", cert=cert, path=[folder], env=env) as tls,
        serve("gunicorn", "shop.plain:application", path=[folder], env=env) as plain,
    ):
        graded = scan("booking.example", https=tls.port, http=plain.port, cert=cert)
    print(f"HTTP Observatory: {graded.grade}, {graded.score}")
    assert graded.grade == "A+"
    assert graded.score >= 120
