"""The pages of accounts: registering, logging in with and without a code, letters, unlocking."""

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from booking import factors, members
from booking.errors import BookingError, DeadLink, WrongCode
from booking.letters import RESET_ASKED, UNLOCK_ASKED, UNLOCKED
from booking.models import Member
from netguard.starlette import exchange_of
from netguard.totp import TOTP

from .answers import LogInFirst, go, now, render, required, text, visit, with_form


def register_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "register.html", member, name="", email="")


@with_form
def register(request: Request, form: FormData) -> Response:
    name, email = text(form, "name"), text(form, "email")
    try:
        with visit(request) as (session, _):
            member = members.register(session, name, email, text(form, "password"))
    except BookingError as refusal:
        return render(request, "register.html", None, refusal=refusal, name=name, email=email)
    return log_in(request, member, f"Welcome, {member.name}!")


def login_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "login.html", member, email="")


@with_form
def login(request: Request, form: FormData) -> Response:
    email = text(form, "email")
    try:
        with visit(request) as (session, _):
            member = members.authenticate(session, email, text(form, "password"))
            coded = factors.has_factor(session, member)
    except BookingError as refusal:
        return render(request, "login.html", None, refusal=refusal, email=email)
    return ask_for_code(request, member) if coded else log_in(request, member, f"Welcome back, {member.name}!")


def ask_for_code(request: Request, member: Member) -> Response:
    """Keep in mind whose password was right; nobody is logged in yet, and the browser is not known yet."""
    exchange_of(request).login_succeeded(last=False)
    request.session.clear()
    request.session["half"] = factors.half_login(member.id, now(request))
    return RedirectResponse("/login/code", status_code=303)


def code_form(request: Request) -> Response:
    half_logged_in(request)
    return render(request, "code.html", None)


@with_form
def code(request: Request, form: FormData) -> Response:
    number = half_logged_in(request)
    try:
        with visit(request) as (session, _):
            member = session.get_one(Member, number)
            use_code(request, session, member, text(form, "code"))
    except WrongCode as refusal:
        return render(request, "code.html", None, refusal=refusal)
    return log_in(request, member, f"Welcome back, {member.name}!")


def half_logged_in(request: Request) -> int:
    number = factors.half_logged_in(request.session.get("half"), now(request))
    if number is None:
        raise LogInFirst
    return number


def use_code(request: Request, session: Session, member: Member, code: str) -> None:
    """Look at a code, if the member has a try left."""
    with request.app.state.logins.second_factor(member.email, request) as attempt:
        factors.use_code(session, member, request.app.state.totp, code)
        attempt.succeeded()


def reset_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "reset.html", member)


@with_form
def reset(request: Request, form: FormData) -> Response:
    with visit(request) as (session, _):
        members.ask_for_reset(session, text(form, "email"))
    return go(request, "/login", RESET_ASKED)


def logout(request: Request) -> Response:
    exchange_of(request).forget()
    request.session.clear()
    request.session["flash"] = "You are logged out."  # shown at once: no cookie is left that could carry it
    return render(request, "login.html", None, email="")


def unlock_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "unlock.html", member)


@with_form
def unlock(request: Request, form: FormData) -> Response:
    def link(email: str) -> str:
        token = request.app.state.logins.unlock_token(email)
        return f"{request.base_url}unlock/link?token={token}"

    with visit(request) as (session, _):
        members.ask_for_unlock(session, text(form, "email"), link)
    return go(request, "/login", UNLOCK_ASKED)


def unlock_link(request: Request) -> Response:
    """A button: programs that look through mails follow links, and would use this one up."""
    with visit(request) as (_, member):
        return render(request, "unlock_link.html", member, token=request.query_params.get("token", ""))


@with_form
def unlock_by_link(request: Request, form: FormData) -> Response:
    if request.app.state.logins.unlock_by(text(form, "token")):
        return go(request, "/login", UNLOCKED)
    with visit(request) as (_, member):
        return render(request, "unlock.html", member, refusal=DeadLink())


def account(request: Request) -> Response:
    return account_page(request)


def account_page(request: Request, refusal: BookingError | None = None) -> Response:
    totp: TOTP = request.app.state.totp
    with visit(request) as (session, visitor):
        member = required(visitor)
        secret = "" if factors.has_factor(session, member) else request.session.setdefault("secret", totp.secret())
    uri = totp.uri(secret, member.email) if secret else ""
    return render(request, "account.html", member, refusal=refusal, secret=secret, uri=uri, shown=())


@with_form
def codes_on(request: Request, form: FormData) -> Response:
    secret, totp = request.session.get("secret"), request.app.state.totp
    try:
        with visit(request) as (session, visitor):
            member = required(visitor)
            shown = factors.turn_on(session, member, totp, secret, text(form, "code"))
    except WrongCode as refusal:
        return account_page(request, refusal)
    del request.session["secret"]
    return render(request, "account.html", member, secret="", uri="", shown=shown)


@with_form
def codes_off(request: Request, form: FormData) -> Response:
    try:
        with visit(request) as (session, visitor):
            member = required(visitor)
            use_code(request, session, member, text(form, "code"))
            factors.turn_off(session, member)
    except WrongCode as refusal:
        return account_page(request, refusal)
    return go(request, "/account", "Logging in takes no code any more.")


def log_in(request: Request, member: Member, greeting: str) -> Response:
    """Begin a new session for ``member``: nothing of the old one, which somebody else may have planted, stays."""
    request.session.clear()
    request.session["member"] = member.id
    return go(request, "/", greeting)
