"""Django's response: the exchange's headers written into it, and pages of refusals made into one."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from netguard.exchange import Exchange
from netguard.memo import Memo
from netguard.messages import Page, RawHeaders


def _text(field: tuple[bytes, bytes]) -> tuple[str, str]:
    return field[0].decode("latin-1"), field[1].decode("latin-1")


_TEXT: Final = Memo(_text)  # most fields are the policy's, and the same each time


def page_response(page: Page) -> HttpResponse:
    """The response that a refused client gets."""
    response = HttpResponse(page.body, status=page.status)
    del response.headers["Content-Type"]
    for name, value in map(_text, page.headers):
        response.headers[name] = value
    return response


def seal(exchange: Exchange, response: HttpResponseBase) -> HttpResponseBase:
    """The response with the headers and cookies that leave."""
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    jar = list(response.cookies.values())
    own += [(b"Set-Cookie", morsel.OutputString().encode("latin-1", "replace")) for morsel in jar]
    merged = exchange.start(response.status_code, own)
    size = len(own)
    if jar or merged[:size] != own:
        merged = _without_jar(merged, jar)
        _forget(response, merged)
        size = 0
    headers, text = response.headers, _TEXT
    for field in merged[size:]:
        name, value = text[field]
        headers[name] = value
    return response


def _without_jar(merged: RawHeaders, jar: list[Morsel[str]]) -> RawHeaders:
    """The fields but for the cookies of ``response.cookies``, which come last of all cookies and are hardened there."""
    places = [place for place, (name, _) in enumerate(merged) if name == b"Set-Cookie"][-len(jar) :] if jar else []
    for morsel, place in zip(jar, places, strict=True):
        _complete(morsel, merged[place][1].decode("latin-1"))
    return [field for place, field in enumerate(merged) if place not in places]


def _complete(morsel: Morsel[str], written: str) -> None:
    """Give a cookie the attributes that it lacks; those that it has stay as they are."""
    for part in written.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if morsel.isReservedKey(name) and not morsel[name.lower()]:
            morsel[name.lower()] = value or True


def _forget(response: HttpResponseBase, merged: RawHeaders) -> None:
    """Remove what the merge removed."""
    kept = {name.decode("latin-1").lower() for name, _ in merged}
    for name in [name for name, _ in response.items() if name.lower() not in kept]:
        del response.headers[name]
