"""What is counted by: one counter for all spellings of one account, and no counter for two."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.bodies import Body
from netguard.count_sources import By, client, user
from netguard.counted_by import cookie, form, header, json_field, sources
from netguard.errors import ConfigError
from netguard.identities import identity
from netguard.keys import Keys
from netguard.messages import Request

NO_BODY = Body(b"", None)


def counted(by: By, body: Body = NO_BODY, who: object = None, client: str | None = "203.0.113.7", **fields: str) -> str:
    headers = {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in fields.items()}
    return by.same(by.found(Request("POST", "/", headers, client=client), body, who))


@pytest.mark.parametrize(
    "spelling",
    ["ann@club.example", "ANN@CLUB.EXAMPLE", "  ann@club.example\t", "Ann@Club.Example", "\uff41nn@club.example",
     "ann@club.example\u00a0"],
)  # fmt: skip
def test_spellings_of_one_account(spelling: str) -> None:
    assert identity(spelling) == "ann@club.example"


@given(st.text(max_size=20))
def test_an_identity_is_one_for_all_that_normalises_alike(text: str) -> None:
    assert identity(text) == identity(normalize("NFD", text)) == identity(f" {text} ") == identity(identity(text))


def test_looser_databases() -> None:
    plain = form("name", same_as=lambda text: normalize("NFD", text).encode("ascii", "ignore").decode())
    urlencoded = b"application/x-www-form-urlencoded"
    assert counted(plain, Body(b"name=Jos%C3%A9", urlencoded)) == counted(plain, Body(b"name=jose", urlencoded))


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("2001:db8::1", "2001:db8:0:0:ffff::9", "2001:db8:0:1::1"),
        ("::ffff:203.0.113.7", "203.0.113.7", "::ffff:203.0.113.8"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_64_bits(address: str, same: str, other: str) -> None:
    assert counted(client, client=address) == counted(client, client=same) != counted(client, client=other)


def test_wider_networks_on_request() -> None:
    assert counted(client(ipv6=56), client="2001:db8::1") == counted(client(ipv6=56), client="2001:db8:0:ff::1")
    assert counted(client(ipv6=56), client="2001:db8::1") != counted(client(ipv6=56), client="2001:db8:0:100::1")
    assert counted(client(ipv6=48), client="2001:db8::1") == counted(client(ipv6=48), client="2001:db8:0:ffff::1")
    with pytest.raises(ConfigError, match="ipv6"):
        client(ipv6=65)


def test_unknown_clients_share_one_counter() -> None:
    assert counted(client, client=None) == ""


def test_fields_and_tokens() -> None:
    body = Body(b'{"user": {"name": "Ann"}}', b"application/json")
    assert counted(json_field("user.name"), body) == "ann"
    assert counted(json_field("user.mail"), body) == ""
    assert counted(header("X-API-Key"), x_api_key="Secret ") == "Secret"
    assert counted(header("X-API-Key")) == ""
    assert counted(cookie("sid"), cookie="a=b; sid=C; sid=C") == "C"
    assert counted(cookie("sid")) == ""


@pytest.mark.parametrize("sent", ["sid=a; sid=b", 'sid="a"', "\xa0sid=a; sid=b", "x=1 sid=a; sid=b", "sid =a; sid=b"])
def test_cookies_that_apps_read_in_two_ways_count_as_none(sent: str) -> None:
    assert counted(cookie("sid"), cookie=sent) == ""


def test_header_fields_that_apps_read_in_two_ways_count_as_none() -> None:
    assert counted(header("X-API-Key"), x_api_key="0, real") == counted(header("X-API-Key"), x_api_key="1, real") == ""


def test_invisible_characters_make_no_other_account() -> None:
    assert identity("a\u200bn\u00adn\ufeff\x00") == "ann"
    assert identity("\u3164a\u034fn\ufe0fn\U000e0100") == "ann"
    assert identity("a\u200b\u0301nn") == identity("a\u0301nn")


def test_a_text_that_would_take_seconds_to_normalise_loses_its_marks_first() -> None:
    assert identity("a" + "\u0301" * 16_000 + "\u0327" * 16_000) == "a"
    assert identity("ANN" + " " * 40_000) == "ann"


@pytest.mark.parametrize("length", [0, 10, 256, 257, 20_000])
def test_no_length_of_a_name_makes_another_account(length: int) -> None:
    assert identity("ANN" + "\u200b" * length) == "ann"
    assert identity("Ann" + "\ufb01" * length) == "ann" + "fi" * length
    assert identity("ann+" + "x" * length, same_as=lambda text: text.partition("+")[0]) == "ann"


@pytest.mark.parametrize("found", [object(), type("U", (), {})()], ids=["object", "user"])
def test_objects_that_would_be_counted_by_their_address_are_refused(found: object) -> None:
    [called] = sources("by", lambda request: found)
    for by in (called, user):
        with pytest.raises(ConfigError, match="not"):
            counted(by, who=found)


class WithKey:
    pk = 7


def test_users() -> None:
    assert counted(user, who=WithKey()) == "user 7"
    assert counted(user, who="ann") == "user ann"
    assert counted(user, who=None) == "client " + counted(client)
    assert counted(user, who="client " + counted(client)) != counted(user, who=None)


def test_callables_are_asked() -> None:
    [called] = sources("by", lambda request: request.path)
    assert counted(called) == "/"
    [nothing] = sources("by", lambda request: None)
    assert counted(nothing) == ""


@pytest.mark.parametrize("by", [(), 5, "clients", "form", "form:", pytest.param(form, id="call"), [client, "x"], None])
def test_what_cannot_be_counted_by(by: Any) -> None:
    with pytest.raises(ConfigError):
        sources("RateLimit.by", by)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: form(""), id="form"),
        pytest.param(lambda: json_field(" "), id="json"),
        pytest.param(lambda: header("a b"), id="header"),
        pytest.param(lambda: cookie(""), id="cookie"),
        pytest.param(lambda: sources("by", type(client)), id="class"),
        pytest.param(lambda: sources("by", asked), id="async"),
        pytest.param(lambda: form("a", same_as="b"), id="same_as"),  # type: ignore[arg-type]
    ],
)
def test_fields_need_names(make: Any) -> None:
    with pytest.raises(ConfigError):
        make()


async def asked(request: Request) -> str:
    return ""


PARTS = st.lists(st.text(max_size=6), max_size=4)


@given(PARTS, PARTS)
def test_keys_collide_only_where_all_parts_are_the_same(one: list[str], other: list[str]) -> None:
    keys = Keys(b"k" * 32)
    assert (keys.digest(*one) == keys.digest(*other)) == (one == other)


def test_keys_tell_nothing_without_the_secret() -> None:
    assert Keys(b"k" * 32).digest("a/b", "c") != Keys(b"k" * 32).digest("a", "b/c")
    assert Keys(b"k" * 32).digest("ann") != Keys(b"l" * 32).digest("ann")
    assert len(Keys(b"k" * 99).digest("ann")) == 16
