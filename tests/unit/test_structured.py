"""Structured fields: what is written is ASCII and another implementation reads it back; the rest is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.errors import ConfigError
from netguard.structured import InnerList, Item, Member, Token, dictionary, item, sequence

KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,8}", fullmatch=True)
TOKENS = st.from_regex(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}", fullmatch=True).map(Token)
STRINGS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
BARE = st.booleans() | st.integers(-999_999_999_999_999, 999_999_999_999_999) | STRINGS | TOKENS
ITEMS = st.builds(Item, BARE, st.dictionaries(KEYS, BARE, max_size=3))
INNER = st.builds(InnerList, st.lists(ITEMS, max_size=3).map(tuple), st.dictionaries(KEYS, BARE, max_size=2))
MEMBERS = ITEMS | INNER


def read(member: Member) -> Any:
    """A member as the other implementation presents it."""
    if isinstance(member, InnerList):
        return _with([read(one) for one in member.items], member.parameters)
    whole = member if isinstance(member, Item) else Item(member)
    return _with(_bare(whole.value), whole.parameters)


def _with(value: Any, parameters: Any) -> Any:
    return (value, {key: _bare(one) for key, one in parameters.items()})


def _bare(value: Any) -> Any:
    return http_sf.Token(str(value)) if isinstance(value, Token) else value


def plain(value: Any) -> Any:
    """The other implementation leaves empty parameters out in some places."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict):
        return (plain(value[0]), value[1])
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def check_ascii(text: str) -> bytes:
    assert text.isascii()
    assert text.isprintable()
    return text.encode("ascii")


@given(ITEMS)
def test_an_item_reads_back(member: Item) -> None:
    assert plain(http_sf.parse(check_ascii(item(member)), tltype="item")) == read(member)


@given(st.lists(MEMBERS, min_size=1, max_size=4))
def test_a_list_reads_back(members: list[Member]) -> None:
    parsed: Any = http_sf.parse(check_ascii(sequence(members)), tltype="list")
    assert [plain(one) for one in parsed] == [read(one) for one in members]


@given(st.dictionaries(KEYS, MEMBERS, min_size=1, max_size=4))
def test_a_dictionary_reads_back_in_its_order(members: dict[str, Member]) -> None:
    parsed: Any = http_sf.parse(check_ascii(dictionary(members)), tltype="dictionary")
    assert list(parsed) == list(members)
    assert [plain(one) for one in parsed.values()] == [read(one) for one in members.values()]


@given(st.text() | st.integers() | st.floats() | st.binary() | st.none())
def test_anything_else_is_ascii_or_refused(value: Any) -> None:
    with suppress(ConfigError):
        check_ascii(item(value))


@pytest.mark.parametrize(
    "value", [1.5, None, b"a", 10**15, -(10**15), "caf\xe9", "a\nb", "\x7f", Token(""), Token("1a"), Token("a b")]
)
def test_what_no_item_can_say_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="structured field"):
        item(value)


@pytest.mark.parametrize("key", ["", "A", "1", "a b", "a=", "\xe9", 7])
def test_what_is_no_key_is_refused(key: Any) -> None:
    with pytest.raises(ConfigError, match="key"):
        dictionary({key: 1})
    with pytest.raises(ConfigError, match="key"):
        item(Item(1, {key: 1}))


@pytest.mark.parametrize(
    ("members", "value"),
    [
        pytest.param({}, "", id="empty"),
        pytest.param({"a": True, "b": False, "c": 1}, "a, b=?0, c=1", id="booleans"),
        pytest.param({"a": Item(True, {"q": True, "r": Token("t")})}, "a;q;r=t", id="parameters"),
        pytest.param({"a": InnerList(())}, "a=()", id="empty-inner-list"),
        pytest.param({"a": InnerList((Token("self"), 'q"\\'))}, 'a=(self "q\\"\\\\")', id="escapes"),
    ],
)
def test_dictionary(members: dict[str, Member], value: str) -> None:
    assert dictionary(members) == value
