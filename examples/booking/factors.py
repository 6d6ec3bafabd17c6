"""Second factors: codes from an authenticator app, and recovery codes for who has lost it."""

import json
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from netguard.totp import TOTP, recovery_codes, use_recovery

from .errors import WrongCode
from .models import Member, SecondFactor

WITHIN = timedelta(minutes=10)  # the code follows the password


def half_login(number: int, now: datetime) -> str:
    """What a session keeps of a member whose password was right, and whose code is missing."""
    return f"{number} {(now + WITHIN).isoformat()}"


def half_logged_in(kept: str | None, now: datetime) -> int | None:
    """The number of that member; None where there is none, or it was too long ago."""
    number, _, until = (kept or "").partition(" ")
    return int(number) if until and now <= datetime.fromisoformat(until) else None


def left_by(code: str, totp: TOTP, number: int, secret: str, recovery: str) -> str:
    """The recovery codes that are left once a code is used: all of them, unless it was one of them."""
    if totp.verify(number, secret, code):
        return recovery
    left = use_recovery(json.loads(recovery), code)
    if left is None:
        raise WrongCode
    return json.dumps(left)


def has_factor(session: Session, member: Member) -> bool:
    return session.get(SecondFactor, member.id) is not None


def use_code(session: Session, member: Member, totp: TOTP, code: str) -> None:
    """Let a code prove that it is ``member``; none does so twice."""
    factor = session.get(SecondFactor, member.id)
    if factor is None:
        raise WrongCode
    before = factor.recovery
    left = left_by(code, totp, member.id, factor.secret, before)
    # Two requests may bring one recovery code at once: the database lets one of them have it.
    swap = update(SecondFactor).where(SecondFactor.member_id == member.id, SecondFactor.recovery == before)
    if left != before and session.scalar(swap.values(recovery=left).returning(SecondFactor.member_id)) is None:
        raise WrongCode


def turn_on(session: Session, member: Member, totp: TOTP, secret: str | None, code: str) -> list[str]:
    """Ask for codes from now on, once the member has shown one; returns the recovery codes, which nobody sees again."""
    if has_factor(session, member) or not totp.verify(member.id, secret, code):
        raise WrongCode
    codes = recovery_codes()
    session.add(SecondFactor(member_id=member.id, secret=secret, recovery=json.dumps(codes.hashes)))
    return codes.shown


def turn_off(session: Session, member: Member) -> None:
    """Ask for no codes any more."""
    session.delete(session.get_one(SecondFactor, member.id))
