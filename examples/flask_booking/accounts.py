"""The pages of accounts: registering, logging in with and without a code, letters, unlocking."""

from flask import Blueprint, Response, flash, g, redirect, request, session
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as WerkzeugResponse

from booking import factors, members
from booking.errors import BookingError, DeadLink, WrongCode
from booking.letters import RESET_ASKED, UNLOCK_ASKED, UNLOCKED
from booking.models import Member

from .answers import LogInFirst, go, now, render, required, service, text, visit

pages = Blueprint("accounts", __name__)


@pages.get("/register")
def register_form() -> Response:
    with visit() as (_, member):
        return render("register.html", member, name="", email="")


@pages.post("/register")
def register() -> WerkzeugResponse:
    name, email = text("name"), text("email")
    try:
        with visit() as (transaction, _):
            member = members.register(transaction, name, email, text("password"))
    except BookingError as refusal:
        return render("register.html", None, refusal=refusal, name=name, email=email)
    return log_in(member, f"Welcome, {member.name}!")


@pages.get("/login")
def login_form() -> Response:
    with visit() as (_, member):
        return render("login.html", member, email="")


@pages.post("/login")
def login() -> WerkzeugResponse:
    email = text("email")
    try:
        with visit() as (transaction, _):
            member = members.authenticate(transaction, email, text("password"))
            coded = factors.has_factor(transaction, member)
    except BookingError as refusal:
        return render("login.html", None, refusal=refusal, email=email)
    return ask_for_code(member) if coded else log_in(member, f"Welcome back, {member.name}!")


def ask_for_code(member: Member) -> WerkzeugResponse:
    """Keep in mind whose password was right; nobody is logged in yet, and the browser is not known yet."""
    g.netguard.login_succeeded(last=False)
    session.clear()
    session["half"] = factors.half_login(member.id, now())
    return redirect("/login/code", 303)


@pages.get("/login/code")
def code_form() -> Response:
    half_logged_in()
    return render("code.html", None)


@pages.post("/login/code")
def code() -> WerkzeugResponse:
    number = half_logged_in()
    try:
        with visit() as (transaction, _):
            member = transaction.get_one(Member, number)
            use_code(transaction, member)
    except WrongCode as refusal:
        return render("code.html", None, refusal=refusal)
    return log_in(member, f"Welcome back, {member.name}!")


def half_logged_in() -> int:
    number = factors.half_logged_in(session.get("half"), now())
    if number is None:
        raise LogInFirst
    return number


def use_code(transaction: Session, member: Member) -> None:
    """Look at the code of this form, if the member has a try left."""
    with service().logins.second_factor(member.email, request) as attempt:
        factors.use_code(transaction, member, service().totp, text("code"))
        attempt.succeeded()


@pages.get("/password-reset")
def reset_form() -> Response:
    with visit() as (_, member):
        return render("reset.html", member)


@pages.post("/password-reset")
def reset() -> WerkzeugResponse:
    with visit() as (transaction, _):
        members.ask_for_reset(transaction, text("email"))
    return go("/login", RESET_ASKED)


@pages.post("/logout")
def logout() -> WerkzeugResponse:
    g.netguard.forget()
    session.clear()
    flash("You are logged out.")  # shown at once: no cookie is left that could carry it
    return render("login.html", None, email="")


@pages.get("/unlock")
def unlock_form() -> Response:
    with visit() as (_, member):
        return render("unlock.html", member)


@pages.post("/unlock")
def unlock() -> WerkzeugResponse:
    def link(email: str) -> str:
        return f"{request.host_url}unlock/link?token={service().logins.unlock_token(email)}"

    with visit() as (transaction, _):
        members.ask_for_unlock(transaction, text("email"), link)
    return go("/login", UNLOCK_ASKED)


@pages.get("/unlock/link")
def unlock_link() -> Response:
    """A button: programs that look through mails follow links, and would use this one up."""
    with visit() as (_, member):
        return render("unlock_link.html", member, token=request.args.get("token", ""))


@pages.post("/unlock/link")
def unlock_by_link() -> WerkzeugResponse:
    if service().logins.unlock_by(text("token")):
        return go("/login", UNLOCKED)
    with visit() as (_, member):
        return render("unlock.html", member, refusal=DeadLink())


@pages.get("/account")
def account() -> Response:
    return account_page()


def account_page(refusal: BookingError | None = None) -> Response:
    totp = service().totp
    with visit() as (transaction, visitor):
        member = required(visitor)
        secret = "" if factors.has_factor(transaction, member) else session.setdefault("secret", totp.secret())
    uri = totp.uri(secret, member.email) if secret else ""
    return render("account.html", member, refusal=refusal, secret=secret, uri=uri, shown=())


@pages.post("/account/codes")
def codes_on() -> Response:
    try:
        with visit() as (transaction, visitor):
            member = required(visitor)
            shown = factors.turn_on(transaction, member, service().totp, session.get("secret"), text("code"))
    except WrongCode as refusal:
        return account_page(refusal)
    del session["secret"]
    return render("account.html", member, secret="", uri="", shown=shown)


@pages.post("/account/codes/off")
def codes_off() -> WerkzeugResponse:
    try:
        with visit() as (transaction, visitor):
            member = required(visitor)
            use_code(transaction, member)
            factors.turn_off(transaction, member)
    except WrongCode as refusal:
        return account_page(refusal)
    return go("/account", "Logging in takes no code any more.")


def log_in(member: Member, greeting: str) -> WerkzeugResponse:
    """Begin a new session for ``member``: nothing of the old one, which somebody else may have planted, stays."""
    session.clear()
    session["member"] = member.id
    return go("/", greeting)
