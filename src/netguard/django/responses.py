"""Django's response: the exchange's headers written into it, and pages of refusals made into one."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import Morsel
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from netguard.exchange import Exchange
from netguard.messages import Page, TextHeaders


class Sealed(ResponseHeaders):
    """Headers that are complete, and mostly only written out: Django's mapping is filled when somebody looks inside.

    To set thirteen headers takes Django as long as all of the rest takes netguard.
    """

    def __init__(self, fields: TextHeaders) -> None:
        super().__init__({})
        self._fields = fields

    def items(self) -> Any:  # a view in Mapping, of which handlers want the pairs
        return self._fields or super().items()

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
    jar = list(response.cookies.values()) if response.cookies else []
    fields += [("Set-Cookie", _written(morsel)) for morsel in jar]
    merged = exchange.start_text(response.status_code, fields)
    response.headers = Sealed(_without(jar, merged) if jar else merged)
    return response


def _written(morsel: Morsel[str]) -> str:
    return morsel.OutputString().encode("latin-1", "replace").decode("latin-1")


def _without(jar: list[Morsel[str]], merged: TextHeaders) -> TextHeaders:
    """The fields but for the cookies of ``response.cookies``, which come last and are rewritten there."""
    places = [place for place, (name, _) in enumerate(merged) if name.lower() == "set-cookie"][-len(jar) :]
    for morsel, place in zip(jar, places, strict=True):
        _rewrite(morsel, merged[place][1])
    return [field for place, field in enumerate(merged) if place not in places]


def _rewrite(morsel: Morsel[str], written: str) -> None:
    """Give a cookie the name and the attributes with which it is to leave."""
    pair, *attributes = (part.strip().partition("=") for part in written.split(";"))
    if pair[0] != morsel.key:
        morsel.set(pair[0], morsel.value, morsel.coded_value)
    told = {name.lower(): value or True for name, _, value in attributes}
    for key, had in morsel.items():
        if str(had) != str(told.get(key, "")):
            morsel[key] = told.get(key, "")
