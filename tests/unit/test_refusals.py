"""The pages of refusals: the policy's own, in the client's language, in the form that it asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from netguard import ConfigError, Policy
from netguard.messages import Page, Refusal, Request
from netguard.plan import Plan
from netguard.refusals import Words

REFUSAL = Refusal("origin", "origin.foreign", 403, "the inner detail", ((b"vary", b"Origin"),))
TEXTS: Mapping[str, Mapping[int, str]] = {"de": {403: "Das ist nicht erlaubt."}, "pt-br": {403: "Proibido."}}


def page(policy: Policy, method: str = "GET", **fields: str) -> Page:
    """The page for a request with these header fields."""
    headers = {name.replace("_", "-").encode(): value.encode() for name, value in fields.items()}
    return Plan(policy).pages.page(Request(method, "/", headers), REFUSAL)


def header(found: Page, name: bytes) -> bytes:
    """The one value of a header."""
    (value,) = (value for key, value in found.headers if key == name)
    return value


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        pytest.param("text/html,*/*", b"text/html; charset=utf-8", id="browser"),
        pytest.param("application/json", b"application/problem+json", id="program"),
        pytest.param("*/*", b"text/plain; charset=utf-8", id="anything"),
        pytest.param("", b"text/plain; charset=utf-8", id="nothing"),
    ],
)
def test_the_form_is_what_the_client_accepts(accept: str, kind: bytes) -> None:
    found = page(Policy(), accept=accept)
    assert header(found, b"content-type") == kind
    assert header(found, b"vary") == b"Origin, Accept"
    assert header(found, b"cache-control") == b"no-store"
    assert header(found, b"content-length") == str(len(found.body)).encode()
    assert b"inner" not in found.body


def test_a_problem_carries_the_code() -> None:
    problem: dict[str, Any] = json.loads(page(Policy(), accept="application/json").body)
    assert (problem["status"], problem["code"]) == (403, "origin.foreign")


def test_a_head_request_gets_no_body_and_the_length_of_one() -> None:
    found = page(Policy(), method="HEAD")
    assert found.body == b""
    assert header(found, b"content-length") != b"0"


@pytest.mark.parametrize(
    ("languages", "sentence"),
    [
        pytest.param("de-AT,en;q=0.5", "Das ist nicht erlaubt.", id="base-of-a-tag"),
        pytest.param("fr, pt-BR;q=0.8", "Proibido.", id="second-choice"),
        pytest.param("de;q=0.2, pt-BR;q=0.9", "Proibido.", id="weights"),
        pytest.param("de;q=0", "This request is not allowed.", id="unwanted"),
        pytest.param("de;q=x,,;", "This request is not allowed.", id="junk"),
        pytest.param("fr", "This request is not allowed.", id="unknown"),
    ],
)
def test_the_sentence_is_in_the_client_s_language(languages: str, sentence: str) -> None:
    found = page(Policy(texts=TEXTS), accept_language=languages)
    assert found.body.decode() == f"{sentence}\n"
    assert header(found, b"vary") == b"Origin, Accept, Accept-Language"


def test_a_template_is_filled_for_browsers_and_escaped() -> None:
    policy = Policy(on_refusal={403: "<h1>$title</h1>$sentence $code $status"}, texts={"en": {403: "<no>"}})
    found = page(policy, accept="text/html", accept_language="en")
    assert found.body == b"<h1>403 Forbidden</h1>&lt;no&gt; origin.foreign 403"
    assert header(page(policy, accept="application/json"), b"content-type") == b"application/problem+json"


def test_a_callable_gives_type_and_body() -> None:
    def own(request: Request, words: Words) -> tuple[str, str]:
        return "text/x-own", f"{request.path} {words.code}"

    found = page(Policy(on_refusal={403: own}))
    assert (header(found, b"content-type"), found.body) == (b"text/x-own", b"/ origin.foreign")


@pytest.mark.parametrize(("wait", "seconds"), [(0, b"0"), (1, b"1"), (900_000_000, b"900")])
def test_a_callable_is_told_the_wait_in_seconds_and_never_too_short(wait: int, seconds: bytes) -> None:
    def own(request: Request, words: Words) -> tuple[str, str]:
        return "text/plain", str(words.wait)

    refusal = Refusal("lockout", "lockout.account", 429, wait=wait)
    assert Plan(Policy(on_refusal={429: own})).pages.page(Request("POST", "/", {}), refusal).body == seconds


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        pytest.param({"on_refusal": {200: "x"}}, "200", id="no-refusal"),
        pytest.param({"on_refusal": {403: "$name"}}, "$title", id="unknown-placeholder"),
        pytest.param({"on_refusal": {403: "$"}}, "$title", id="broken-template"),
        pytest.param({"on_refusal": {403: 5}}, "5", id="no-page"),
        pytest.param({"on_refusal": "x"}, "mappings", id="no-mapping"),
        pytest.param({"texts": {"de": "x"}}, "'x'", id="no-sentences"),
        pytest.param({"texts": {"de": {403: 5}}}, "5", id="no-sentence"),
        pytest.param({"texts": {"de": {3: "x"}}}, "3", id="no-status"),
    ],
)
def test_a_wrong_page_is_a_configuration_error(keywords: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=r"on_refusal|texts") as raised:
        Policy(**keywords)
    assert said in str(raised.value)
