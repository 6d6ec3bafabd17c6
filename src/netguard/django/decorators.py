"""Decorators of single views: headers of their own, and limits that they ask."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isclass, iscoroutinefunction
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction as is_marked
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator

from netguard.django.nonce import exchange_of
from netguard.django.requests import auser_of, knows_user, user_of
from netguard.django.responses import page_response
from netguard.errors import ConfigError
from netguard.exchange import Exchange
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.override import Override
from netguard.limiter import AsyncLimiter, Limiter
from netguard.messages import Respond
from netguard.view_limits import Arguments, AsyncCheck, Check, ViewLimits, behind

View = TypeVar("View", bound=Callable[..., Any])


def headers(headers: Headers | None = None, *, append: CSP | None = None) -> Callable[[View], View]:
    """A decorator for a view, sync or async, a method of one, or a class: its responses send these headers; it stacks.

    ``headers`` replace the policy's, ``append`` adds sources to its CSP. On a class it stands for
    ``method_decorator(..., name="dispatch")``.
    """
    override = Override(headers, append)

    def apply(arguments: Arguments) -> None:
        exchange_of(_request(arguments)).apply(override)

    async def apply_async(arguments: Arguments) -> None:
        exchange_of(_request(arguments)).apply(override)

    def decorate(view: View) -> View:
        return _decorated(view, decorate, apply, apply_async)

    return decorate


def limited(limiter: Limiter | AsyncLimiter, *names: str) -> Callable[[View], View]:
    """A decorator for a view, sync or async, a method of one, or a class: it asks limits of the policy before it runs.

    Several are one decision; a refusal is answered as the middleware does. The limits have ``on=[]``; those by
    ``user`` need Django's authentication.
    """
    limits = ViewLimits(limiter, names)

    def refused(arguments: Arguments) -> HttpResponse | None:
        request = _request(arguments)
        exchange, user = exchange_of(request), user_of(_told(request)) if limits.needs_user else None
        return _refusal(exchange, limits.refusal(exchange, user))

    async def refused_async(arguments: Arguments) -> HttpResponse | None:
        request = _request(arguments)
        exchange, user = exchange_of(request), await auser_of(_told(request)) if limits.needs_user else None
        return _refusal(exchange, await limits.arefusal(exchange, user))

    def decorate(view: View) -> View:
        return _decorated(view, decorate, refused, refused_async)

    return decorate


def _decorated(view: View, decorate: Callable[[View], View], check: Check, acheck: AsyncCheck) -> View:
    if isclass(view):
        return cast(View, method_decorator(decorate, name="dispatch")(view))
    return behind(view, check, acheck, awaits=_awaits(view))


def _awaits(view: Callable[..., Any]) -> bool:
    """Whether a view is async; ``dispatch`` of an async class is not, and gives what is to be awaited."""
    owner = getattr(getattr(view, "func", None), "__self__", None)  # method_decorator hands over a bound method
    return iscoroutinefunction(view) or is_marked(view) or getattr(owner, "view_is_async", False)


def _told(request: HttpRequest) -> HttpRequest:
    if not knows_user(request):
        raise ConfigError("limited: the limit counts by user: add Django's AuthenticationMiddleware")
    return request


def _refusal(exchange: Exchange, refused: Respond | None) -> HttpResponse | None:
    return None if refused is None else page_response(exchange.page(refused))


def _request(arguments: Arguments) -> HttpRequest:
    """The request among a view's arguments; a method has its object before it."""
    request: HttpRequest = next(found for found in arguments[0] if isinstance(found, HttpRequest))
    return request
