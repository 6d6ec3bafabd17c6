"""The support's own tests: real servers, the browser, the outside grader, and what happens without them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support import outside, servers
from support.browser import open_browser
from support.certificates import Certificate, issue
from support.observatory import ScanError, scan
from support.servers import NotReadyError, Process, ServerName, reserve, serve

pytest_plugins = ["pytester"]

TLS_SERVERS: list[ServerName] = ["uvicorn", "gunicorn", "hypercorn", "granian"]


@pytest.fixture(scope="module")
def page(certificate: Certificate) -> Iterator[Process]:
    with serve("uvicorn", "support.echo:asgi", cert=certificate) as server:
        yield server


@pytest.mark.parametrize("name", TLS_SERVERS)
def test_server_speaks_tls(name: ServerName, certificate: Certificate) -> None:
    app = "support.echo:wsgi" if name == "gunicorn" else "support.echo:asgi"
    with serve(name, app, cert=certificate) as server:
        seen = httpx2.get(f"{server.url}/seen", verify=certificate.client_context()).json()
    assert seen == {"scheme": "https", "client": "127.0.0.1", "port": server.port}


def test_waitress_speaks_plain_http() -> None:
    with serve("waitress", "support.echo:wsgi") as server:
        assert httpx2.get(server.url).json() == {"scheme": "http", "client": "127.0.0.1", "port": server.port}


def test_gunicorn_speaks_asgi_where_asked() -> None:
    with serve("gunicorn", "support.echo:asgi", interface="asgi") as server:
        assert httpx2.get(f"{server.url}/seen").json()["scheme"] == "http"


def test_ended_server_is_gone_and_forgotten() -> None:
    with serve("uvicorn", "support.echo:asgi") as server:
        assert server in servers.RUNNING
    assert server.popen.returncode is not None
    assert not server.log_file.exists()
    assert server not in servers.RUNNING


def test_server_that_cannot_start_shows_its_log() -> None:
    with pytest.raises(NotReadyError, match="uvicorn ended") as raised, serve("uvicorn", "support.echo:no_such_app"):
        pass
    assert "no_such_app" in raised.value.__notes__[0]


def test_failure_in_the_block_shows_the_log() -> None:
    def fail_after_a_request() -> None:
        with serve("uvicorn", "support.echo:asgi") as server:
            httpx2.get(f"{server.url}/asked-for")
            raise AssertionError

    with pytest.raises(AssertionError) as raised:
        fail_after_a_request()
    assert "/asked-for" in raised.value.__notes__[0]


def test_reserved_port_is_not_given_to_others() -> None:
    with reserve() as port, socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((servers.HOST, port))


def test_certificate_is_trusted_through_its_authority_alone(
    page: Process, certificate: Certificate, tmp_path: Path
) -> None:
    stranger = issue(tmp_path, "localhost")
    assert httpx2.get(page.url, verify=certificate.client_context()).status_code == 200
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(page.url, verify=stranger.client_context())


@pytest.mark.needs("chromium")
def test_browser_trusts_the_certificate_and_resolves_names(page: Process, certificate: Certificate) -> None:
    with open_browser(cert=certificate, resolve={"booking.example:443": page.port}) as browser:
        tab = browser.new_page()
        tab.goto("https://booking.example/")
        assert tab.title() == "ran"
        assert tab.evaluate("isSecureContext")


@pytest.mark.needs("chromium")
def test_browser_without_the_certificate_refuses(page: Process) -> None:
    with open_browser() as browser, pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
        browser.new_page().goto(page.url)


@pytest.mark.needs("observatory")
def test_observatory_grades_what_it_sees(certificate: Certificate) -> None:
    with (
        serve("gunicorn", "support.echo:graded", cert=certificate) as https,
        serve("gunicorn", "support.echo:graded") as http,
    ):
        found = scan("booking.example", https=https.port, http=http.port, cert=certificate)
    assert found.grade == "A+"
    assert found.findings["redirection"].result == "redirection-to-https"
    assert found.findings["content-security-policy"].modifier == 10
    assert found.deductions() == {}


@pytest.mark.needs("observatory")
def test_observatory_deducts_what_is_missing(page: Process, certificate: Certificate) -> None:
    with serve("uvicorn", "support.echo:asgi") as http:
        found = scan("booking.example", https=page.port, http=http.port, cert=certificate)
    assert found.grade == "F"
    assert {"content-security-policy", "strict-transport-security", "redirection"} <= found.deductions().keys()


@pytest.mark.needs("observatory")
def test_observatory_says_why_it_cannot_grade(certificate: Certificate) -> None:
    with reserve() as https, reserve() as http, pytest.raises(ScanError, match=r"booking\.example"):
        scan("booking.example", https=https, http=http, cert=certificate)


NEEDS = """
    import pytest

    @pytest.mark.needs("nginx")
    def test_one(): pass

    @pytest.mark.needs("nginx")
    def test_two(): pass
"""


@pytest.fixture
def without_nginx(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own with our conftest, on a machine without nginx."""
    monkeypatch.setattr(outside, "_PATH", os.devnull)
    pytester.makeconftest((Path(__file__).parent.parent / "conftest.py").read_text())
    pytester.makeini("[pytest]\nmarkers = needs(part)")
    pytester.makepyfile(NEEDS)
    return pytester


def test_missing_part_skips_and_the_last_lines_say_how_to_get_it(
    without_nginx: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETGUARD_REQUIRE_ALL", raising=False)
    result = without_nginx.runpytest_inprocess("-p", "no:xdist")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["skipped 2 for want of nginx; to get it: apt-get install nginx"])


def test_missing_part_fails_where_all_are_required(
    without_nginx: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETGUARD_REQUIRE_ALL", "1")
    result = without_nginx.runpytest_inprocess("-p", "no:xdist")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*outside part missing: nginx*apt-get install nginx*"])


def test_unknown_part_is_an_error() -> None:
    with pytest.raises(KeyError, match="ngnix"):
        outside.require("ngnix")
