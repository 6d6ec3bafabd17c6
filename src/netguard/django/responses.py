"""Django's response: the exchange's headers written into it, and pages of refusals made into one."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from netguard.exchange import Exchange
from netguard.messages import Page, TextHeaders


class Sealed(ResponseHeaders):
    """Headers that are complete, and mostly only written out: Django's mapping is filled when somebody looks inside.

    To set thirteen headers takes Django as long as all of the rest takes netguard. ``beside`` are cookies that neither
    the mapping nor the jar can hold; they leave whatever becomes of the others.
    """

    def __init__(self, fields: TextHeaders, beside: TextHeaders | None = None) -> None:
        super().__init__({})
        self._fields = fields
        self._beside = beside or []

    def items(self) -> Any:  # a view in Mapping, of which handlers want the pairs
        held = self._fields or super().items()
        return [*held, *self._beside] if self._beside else held

    def _fill(self) -> None:
        fields, self._fields = self._fields, []
        for name, value in fields:
            super().__setitem__(name, value)

    def __getitem__(self, key: str) -> str:
        self._fill()
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: str | bytes | int) -> None:
        self._fill()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self._fill()
        super().__delitem__(key)

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def pop(self, key: str, *args: Any) -> Any:  # as Django's
        self._fill()
        return super().pop(key, *args)


def page_response(page: Page) -> HttpResponse:
    """The response that a refused client gets."""
    response = HttpResponse(page.body, status=page.status)
    response.headers = Sealed([(name.decode("latin-1"), value.decode("latin-1")) for name, value in page.headers])
    return response


def seal(exchange: Exchange, response: HttpResponseBase) -> HttpResponseBase:
    """The response with the headers and cookies that leave."""
    fields = list(response.items())
    if not (response.cookies or exchange.adds):
        response.headers = Sealed(exchange.start_text(response.status_code, fields))
        return response
    plain = sum(name.lower() == "set-cookie" for name, _ in fields)  # that the app wrote as a header
    fields += [("Set-Cookie", _written(morsel)) for morsel in response.cookies.values()]
    merged = exchange.start_text(response.status_code, fields)
    response.headers = _sorted(exchange, response.cookies, plain, merged)
    return response


def _written(morsel: Morsel[str]) -> str:
    return morsel.OutputString().encode("latin-1", "replace").decode("latin-1")


def _sorted(exchange: Exchange, jar: SimpleCookie, plain: int, merged: TextHeaders) -> Sealed:
    """The fields but for what the jar carries: the app's cookies, which come after ``plain`` others, then ours."""
    places = [place for place, (name, _) in enumerate(merged) if name.lower() == "set-cookie"][plain:]
    apps, ours = places[: len(jar)], places[len(jar) :]
    for morsel, place in zip(list(jar.values()), apps, strict=True):
        _rewrite(morsel, merged[place][1])
    beside = [merged[place] for place in ours if not _taken(exchange, jar, merged[place][1])]
    taken = {*apps, *ours}
    return Sealed([field for place, field in enumerate(merged) if place not in taken], beside)


def _taken(exchange: Exchange, jar: SimpleCookie, written: str) -> bool:
    """Put a cookie of netguard's own into the jar, by the app's name for it; False where a jar takes no such cookie."""
    try:
        morsel = _morsel(written)
    except CookieError:
        return False
    name = morsel.key
    key = exchange.own_name(name)
    if key in jar and any(jar[key][part] != morsel[part] for part in ("domain", "path")):
        key += ";"  # no cookie's name: two scopes are two cookies
    jar.pop(key, None)  # browsers take the last
    jar[key] = morsel
    return True


def _morsel(written: str) -> Morsel[str]:
    """A Set-Cookie as the standard library has one; CookieError where it has no room for the name or an attribute."""
    pair, *attributes = (part.strip().partition("=") for part in written.split(";"))
    morsel: Morsel[str] = Morsel()
    morsel.set(pair[0], pair[2], pair[2])
    for name, _, value in attributes:
        morsel[name.lower()] = value or True
    return morsel


def _rewrite(morsel: Morsel[str], written: str) -> None:
    """Give a cookie the name and the attributes with which it is to leave."""
    pair, *attributes = (part.strip().partition("=") for part in written.split(";"))
    if pair[0] != morsel.key:
        morsel.set(pair[0], morsel.value, morsel.coded_value)
    told = {name.lower(): value or True for name, _, value in attributes}
    for key, had in morsel.items():
        if str(had) != str(told.get(key, "")):
            morsel[key] = told.get(key, "")
