"""The wrapped form: Django's own WSGI and ASGI applications behind the drivers, before any of its middleware."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.module_loading import import_string

from netguard.asgi import NetguardMiddleware as ASGIDriver
from netguard.asgi_messages import ASGIApp, Receive, Scope, Send
from netguard.django.conf import SettingsError, policy_of_settings
from netguard.django.middleware import NetguardMiddleware, refusal_of
from netguard.django.signals import listen_to_logins
from netguard.exchange import Exchange
from netguard.plan import Plan
from netguard.wsgi import Environ
from netguard.wsgi import NetguardMiddleware as WSGIDriver


class _WSGIRequest(WSGIRequest):
    @cached_property
    def netguard(self) -> Exchange:
        exchange: Exchange = self.environ["netguard"]
        return exchange


class _ASGIRequest(ASGIRequest):
    @cached_property
    def netguard(self) -> Exchange:
        exchange: Exchange = self.scope["netguard"]
        return exchange


class _AnswersRefused(BaseHandler):
    """Answers what carries its refusal, as the middleware does; Django itself would answer 500."""

    def process_exception_by_middleware(self, exception: Exception, request: HttpRequest) -> Any:  # None too
        response: Any = super().process_exception_by_middleware(exception, request)
        return refusal_of(request, exception) if response is None else response


class _WSGIHandler(_AnswersRefused, WSGIHandler):
    request_class = _WSGIRequest


class _ASGIHandler(_AnswersRefused, ASGIHandler):
    request_class = _ASGIRequest

    def __init__(self, websocket: ASGIApp | None) -> None:
        super().__init__()
        self._websocket = websocket

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # whatever the server gives
        if scope["type"] == "websocket" and self._websocket is not None:
            return await self._websocket(scope, receive, send)
        return await super().__call__(scope, receive, send)


class _WSGIWrapper(WSGIDriver):
    asks_inside = True

    def _check(self, plan: Plan) -> None:
        _check_hook(plan)

    def propagates(self, environ: Environ) -> bool:
        return settings.DEBUG_PROPAGATE_EXCEPTIONS or super().propagates(environ)


class _ASGIWrapper(ASGIDriver):
    asks_inside = True

    def _check(self, plan: Plan) -> None:
        _check_hook(plan)

    def propagates(self, scope: Scope) -> bool:
        return settings.DEBUG_PROPAGATE_EXCEPTIONS or super().propagates(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if settings.FORCE_SCRIPT_NAME:  # the path that Django routes is what lies below it
            scope = {**scope, "root_path": settings.FORCE_SCRIPT_NAME}
        return await super().__call__(scope, receive, send)


def get_wsgi_application() -> WSGIDriver:
    """Django's WSGI application behind ``settings.NETGUARD``; views find the exchange at ``request.netguard``."""
    django.setup(set_prefix=False)
    return _WSGIWrapper(_WSGIHandler(), policy_of_settings())


def get_asgi_application(websocket: ASGIApp | None = None) -> ASGIDriver:
    """Django's ASGI application behind ``settings.NETGUARD``; ``websocket`` is the app for WebSockets, as Channels'."""
    django.setup(set_prefix=False)
    return _ASGIWrapper(_ASGIHandler(websocket), policy_of_settings())


def _check_hook(plan: Plan) -> None:
    """Rules about the user need somebody who knows the user: the middleware, which finds the exchange made already."""
    if plan.policy.lockouts():
        listen_to_logins()
    if plan.asks_user and not any(_is_ours(import_string(path)) for path in settings.MIDDLEWARE):
        raise SettingsError(
            "NETGUARD has rules about the user: add 'netguard.django.NetguardMiddleware' to MIDDLEWARE, which asks "
            "them in the wrapped form too"
        )


def _is_ours(entry: object) -> bool:
    return isinstance(entry, type) and issubclass(entry, NetguardMiddleware)
