"""Accounts: who somebody is, and the proof of it."""

import re
from collections.abc import Callable
from unicodedata import normalize

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from netguard import errors
from netguard.passwords import Passwords

from .errors import EmailTaken, InvalidEmail, InvalidName, WeakPassword, WrongCredentials
from .letters import write_reset, write_unlock
from .models import Member

NAME_LENGTH = 80
EMAIL_LENGTH = 254

_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
passwords = Passwords()


def normalise_email(email: str) -> str:
    """Return the one spelling under which an address is stored and compared: trimmed, NFKC, casefolded.

    Send mail only to the *stored* address: two mailboxes may share a spelling, and a letter to the typed one
    would hand the account over.
    """
    return normalize("NFKC", normalize("NFKC", email).casefold()).strip()


def register(session: Session, name: str, email: str, password: str) -> Member:
    """Create an account; the caller's transaction is lost if the address is taken."""
    name, email = normalize("NFC", name).strip(), normalise_email(email)
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InvalidName
    if not _is_address(email):
        raise InvalidEmail
    check_password(password, name, email)
    member = Member(name=name, email=email, password_hash=passwords.hash(password))
    session.add(member)
    try:
        session.flush()
    except IntegrityError as error:
        raise EmailTaken from error
    return member


def authenticate(session: Session, email: str, password: str) -> Member:
    """Return the member whose address and password these are; an unknown address costs the same work."""
    member = _member(session, normalise_email(email))
    verdict = passwords.verify(member.password_hash if member else None, password)
    if member is None or not verdict:
        raise WrongCredentials
    if verdict.upgraded:
        member.password_hash = verdict.upgraded
    return member


def check_password(password: str, name: str, email: str) -> None:
    """Refuse a new password that is too short, too long, or made of the member's name or address."""
    try:
        passwords.check(password, forbidden=[name, email])
    except errors.WeakPassword as error:
        raise WeakPassword(error.code) from error


def ask_for_reset(session: Session, email: str) -> None:
    """Write to the member with this address, if there is one; whoever asks is not told."""
    member = _member(session, normalise_email(email))
    if member is not None:
        write_reset(member.email)


def ask_for_unlock(session: Session, email: str, link: Callable[[str], str]) -> None:
    """The same with a link, made for the stored address, that unlocks the account."""
    member = _member(session, normalise_email(email))
    if member is not None:
        write_unlock(member.email, link(member.email))


def _member(session: Session, email: str) -> Member | None:
    return session.scalar(select(Member).where(Member.email == email)) if _is_address(email) else None


def _is_address(email: str) -> bool:
    return len(email) <= EMAIL_LENGTH and email.isprintable() and _EMAIL.fullmatch(email) is not None
