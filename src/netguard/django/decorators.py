"""Headers of one view: what it replaces in the policy's, and what it appends to the CSP."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isclass, iscoroutinefunction
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction as is_marked
from django.http import HttpRequest
from django.utils.decorators import method_decorator

from netguard.django.nonce import exchange_of
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.override import Override

View = TypeVar("View", bound=Callable[..., Any])


def headers(headers: Headers | None = None, *, append: CSP | None = None) -> Callable[[View], View]:
    """A decorator for a view, sync or async, a method of one, or a class: its responses send these headers; it stacks.

    ``headers`` replace the policy's, ``append`` adds sources to its CSP. On a class it stands for
    ``method_decorator(..., name="dispatch")``.
    """
    override = Override(headers, append)

    def decorate(view: View) -> View:
        if isclass(view):
            return cast(View, method_decorator(decorate, name="dispatch")(view))

        @wraps(view)
        def answered(*args: Any, **kwargs: Any) -> Any:  # the view's own
            exchange_of(_request(args)).apply(override)
            return view(*args, **kwargs)

        @wraps(view)
        async def answered_async(*args: Any, **kwargs: Any) -> Any:
            exchange_of(_request(args)).apply(override)
            return await view(*args, **kwargs)

        return cast(View, answered_async if iscoroutinefunction(view) or is_marked(view) else answered)

    return decorate


def _request(args: tuple[Any, ...]) -> HttpRequest:
    """The request among a view's arguments; a method has its object before it."""
    request: HttpRequest = next(found for found in args if isinstance(found, HttpRequest))
    return request
