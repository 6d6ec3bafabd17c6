"""The views of ``login_site``, and the backend that checks its passwords."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.urls import path

RIGHT: Final = "right"
_CHECK: Final = 0.02  # seconds: what argon2 takes with the parameters that OWASP names


def _opened() -> int | None:
    """The file that has a line for each password that was evaluated; None where nobody counts them."""
    folder = os.environ.get("LOGIN_FOLDER")
    return folder and os.open(Path(folder) / "evaluated", os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # type: ignore[return-value]


_EVALUATED: Final = _opened()


class CountingBackend:
    """Takes one password for right; it sleeps instead of hashing where passwords are counted, else it costs nothing."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> User | None:
        if _EVALUATED is not None:
            os.write(_EVALUATED, f"{username}\n".encode())
            sleep(_CHECK)
        return User.objects.get_or_create(username=username)[0] if password == RIGHT else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id).first()


def without_token(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let forms through without Django's token, which costs every package the same."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def _home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(os.getpid()))


def _view() -> Any:
    if "allauth" not in settings.INSTALLED_APPS:
        return LoginView.as_view()
    from allauth.account.views import LoginView as AllauthLoginView

    return AllauthLoginView.as_view()


urlpatterns = [path("login", _view(), name="account_login"), path("home", _home)]
urlpatterns += [path(name, _home, name=f"account_{name}") for name in ("signup", "inactive", "reset_password")]
