"""Django's signals of a login, told to the exchange of its request."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest

from netguard.exchange import Exchange


def listen_to_logins() -> None:
    """Let a lockout hear what ``login`` and ``authenticate`` say; any number of calls are as one."""
    user_logged_in.connect(_succeeded, dispatch_uid="netguard.login")
    user_login_failed.connect(_failed, dispatch_uid="netguard.login")


def _succeeded(sender: object, request: HttpRequest | None = None, **_: Any) -> None:  # as signals are sent
    exchange = getattr(request, "netguard", None)
    if isinstance(exchange, Exchange):
        exchange.login_succeeded()


def _failed(sender: object, request: HttpRequest | None = None, **_: Any) -> None:
    exchange = getattr(request, "netguard", None)
    if isinstance(exchange, Exchange):
        exchange.login_failed()
