"""The pages of accounts: registering, logging in with and without a code, letters, unlocking."""

from datetime import datetime
from typing import cast
from unicodedata import normalize

from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth import login as begin_session
from django.contrib.auth import logout as end_session
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from booking.errors import DeadLink, WrongCode, WrongCredentials
from booking.factors import half_logged_in, half_login
from booking.letters import RESET_ASKED, UNLOCK_ASKED, UNLOCKED
from booking.members import normalise_email

from . import models
from .answers import form_page, go, members_only, refused
from .models import SecondFactor
from .security import logins, totp


@form_page("register.html")
def register(request: HttpRequest) -> HttpResponse:
    member = models.register(text(request, "name"), text(request, "email"), text(request, "password"))
    begin_session(request, member)
    return go(request, "/", f"Welcome, {member.first_name}!")


@form_page("login.html")
def login(request: HttpRequest) -> HttpResponse:
    email, password = normalise_email(text(request, "email")), normalize("NFC", text(request, "password"))
    member = cast(User | None, authenticate(request, username=email, password=password))
    if member is None:
        raise WrongCredentials
    if SecondFactor.objects.filter(member=member).exists():
        return ask_for_code(request, member)
    return log_in(request, member)


def log_in(request: HttpRequest, member: User) -> HttpResponse:
    begin_session(request, member)
    return go(request, "/", f"Welcome back, {member.first_name}!")


def ask_for_code(request: HttpRequest, member: User) -> HttpResponse:
    """Keep in mind whose password was right; nobody is logged in yet, and the browser is not known yet."""
    request.netguard.login_succeeded(last=False)  # type: ignore[attr-defined]  # which netguard's application adds
    request.session.flush()
    request.session["half"] = half_login(member.pk, datetime.now())
    return go(request, "/login/code")


def code(request: HttpRequest) -> HttpResponse:
    number = half_logged_in(request.session.get("half"), datetime.now())
    if number is None:
        return go(request, "/login", "Please log in first.")
    return code_page(request, member=User.objects.get(pk=number))


@form_page("code.html")
def code_page(request: HttpRequest, member: User) -> HttpResponse:
    use_code(request, member)
    request.session.flush()
    return log_in(request, member)


def use_code(request: HttpRequest, member: User) -> None:
    """Look at the code of this form, if the member has a try left."""
    with logins.second_factor(member.username, request) as attempt:
        models.use_code(member, totp, text(request, "code"))
        attempt.succeeded()


@form_page("reset.html")
def reset(request: HttpRequest) -> HttpResponse:
    models.ask_for_reset(text(request, "email"))
    return go(request, "/login", RESET_ASKED)


@form_page("unlock.html")
def unlock(request: HttpRequest) -> HttpResponse:
    def link(email: str) -> str:
        return request.build_absolute_uri(f"/unlock/link?token={logins.unlock_token(email)}")

    models.ask_for_unlock(text(request, "email"), link)
    return go(request, "/login", UNLOCK_ASKED)


@form_page("unlock_link.html")  # a button: programs that look through mails follow links, and would use this one up
def unlock_by_link(request: HttpRequest) -> HttpResponse:
    if logins.unlock_by(text(request, "token")):
        return go(request, "/login", UNLOCKED)
    return refused(request, "unlock.html", DeadLink(), {})


@require_GET
@members_only
def account(request: HttpRequest, member: User) -> HttpResponse:
    return render(request, "account.html", account_values(request, member))


def account_values(request: HttpRequest, member: User) -> dict[str, str]:
    if SecondFactor.objects.filter(member=member).exists():
        return {}
    secret = request.session.setdefault("secret", totp.secret())
    return {"secret": secret, "uri": totp.uri(secret, member.email)}


@require_POST
@members_only
def codes_on(request: HttpRequest, member: User) -> HttpResponse:
    try:
        shown = models.turn_on(member, totp, request.session.get("secret"), text(request, "code"))
    except WrongCode as refusal:
        return refused(request, "account.html", refusal, account_values(request, member))
    del request.session["secret"]
    return render(request, "account.html", {"shown": shown})


@require_POST
@members_only
def codes_off(request: HttpRequest, member: User) -> HttpResponse:
    try:
        use_code(request, member)
    except WrongCode as refusal:
        return refused(request, "account.html", refusal, account_values(request, member))
    SecondFactor.objects.filter(member=member).delete()
    return go(request, "/account", "Logging in takes no code any more.")


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    request.netguard.forget()  # type: ignore[attr-defined]  # which netguard's application adds
    end_session(request)
    messages.info(request, "You are logged out.")  # shown at once: no cookie is left that could carry it
    return render(request, "login.html")


def text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "")
