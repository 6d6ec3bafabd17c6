"""Accounts: who somebody is, and the proof of it."""

import re
import secrets
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .errors import EmailTaken, InvalidEmail, InvalidName, PasswordTooShort, WrongCredentials
from .letters import write_reset
from .models import Member

PASSWORD_LENGTH = 15  # characters at least, without further rules (NIST SP 800-63B-4, 3.1.1.2)
NAME_LENGTH = 80
EMAIL_LENGTH = 254

_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP: 19 MiB, about 20 ms
_nobody = _hasher.hash(secrets.token_urlsafe())


def normalise_email(email: str) -> str:
    """Return the one spelling under which an address is stored and compared: trimmed, NFKC, casefolded.

    Send mail only to the *stored* address: two mailboxes may share a spelling, and a letter to the typed one
    would hand the account over.
    """
    return normalize("NFKC", normalize("NFKC", email).casefold()).strip()


def register(session: Session, name: str, email: str, password: str) -> Member:
    """Create an account; the caller's transaction is lost if the address is taken."""
    name, email, password = normalize("NFC", name).strip(), normalise_email(email), normalize("NFKC", password)
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InvalidName
    if not _is_address(email):
        raise InvalidEmail
    if len(password) < PASSWORD_LENGTH:
        raise PasswordTooShort
    member = Member(name=name, email=email, password_hash=_hasher.hash(_octets(password)))
    session.add(member)
    try:
        session.flush()
    except IntegrityError as error:
        raise EmailTaken from error
    return member


def authenticate(session: Session, email: str, password: str) -> Member:
    """Return the member whose address and password these are; an unknown address costs the same work."""
    email, password = normalise_email(email), normalize("NFKC", password)
    member = _member(session, email)
    proved = _verify(member.password_hash if member else _nobody, password)
    if member is None or not proved:
        raise WrongCredentials
    if _hasher.check_needs_rehash(member.password_hash):
        member.password_hash = _hasher.hash(_octets(password))
    return member


def ask_for_reset(session: Session, email: str) -> None:
    """Write to the member with this address, if there is one; whoever asks is not told."""
    member = _member(session, normalise_email(email))
    if member is not None:
        write_reset(member.email)


def _member(session: Session, email: str) -> Member | None:
    return session.scalar(select(Member).where(Member.email == email)) if _is_address(email) else None


def _is_address(email: str) -> bool:
    return len(email) <= EMAIL_LENGTH and email.isprintable() and _EMAIL.fullmatch(email) is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, _octets(password))
    except VerifyMismatchError:
        return False


def _octets(password: str) -> bytes:
    # A form in an odd charset can carry a lone surrogate: a wrong password, but no reason to fail.
    return password.encode("utf-8", "surrogatepass")
