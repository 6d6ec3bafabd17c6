"""Refusals as pages: what a visitor did wrong, what is not there, what failed."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from booking.errors import BookingError, sentence_for
from netguard.django import csp_nonce

Respond = Callable[[HttpRequest], HttpResponse]

on_form = require_http_methods(["GET", "HEAD", "POST"])


class Refusals:
    """Middleware: a ``BookingError`` that no view shows beside its form, and 405, are pages too."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = _page(request, 405, sentence_for(405)).content
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _page(request, error.status, error.sentence) if isinstance(error, BookingError) else None


def _page(request: HttpRequest, status: int, heading: str) -> HttpResponse:
    return render(request, "error.html", {"status": status, "heading": heading}, status=status)


def bad(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, sentence_for(400))


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, sentence_for(404))


def failed(request: HttpRequest) -> HttpResponse:
    # The database or the session may be what failed, so neither is asked who this is.
    values = {"status": 500, "heading": sentence_for(500), **csp_nonce(request)}
    return HttpResponse(render_to_string("error.html", values), status=500)


def members_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand the member to the view; a stranger is sent to log in."""

    @wraps(view)
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return go(request, "/login", "Please log in first.")
        return view(request, cast(User, request.user), **kwargs)

    return answered


def form_page(template: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view of what a form sends, beside the page with the form, which also says what the view refuses."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @on_form
        @wraps(view)
        def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return render(request, template)
            try:
                return view(request, **kwargs)
            except BookingError as refusal:
                typed = {name: request.POST.get(name, "") for name in ("name", "email")}
                return refused(request, template, refusal, typed)

        return answered

    return decorate


def go(request: HttpRequest, path: str, flash: str = "") -> HttpResponse:
    if flash:
        messages.info(request, flash)
    response = redirect(path)
    response.status_code = 303
    return response


def refused(request: HttpRequest, template: str, refusal: BookingError, values: Mapping[str, object]) -> HttpResponse:
    """The page again, with what was wrong above it."""
    return render(request, template, {**values, "error": refusal.sentence}, status=refusal.status)
