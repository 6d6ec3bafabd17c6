"""Recovery codes, for who has lost the device of the second factor."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hmac import compare_digest
from typing import Final, NamedTuple

from netguard.checks import whole

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no letter looks like another or like a digit
_READ: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})
_CODE: Final = 16  # characters, 80 bits; NIST SP 800-63B-4, 4.2.1.1 asks for 64
_GROUP: Final = 4
_SALT: Final = 16  # bytes
_LONGEST: Final = 64  # characters of a code as it is typed


class RecoveryCodes(NamedTuple):
    """``shown`` to their owner once, ``hashes`` to be stored."""

    shown: list[str]
    hashes: list[str]


def recovery_codes(n: int = 10) -> RecoveryCodes:
    """New codes of 80 bits each, in groups of four (NIST SP 800-63B-4, 4.2.1.1).

    A fast hash under a salt of each code's own is enough: there are 2**80 codes to try for each, where a password needs
    a slow hash since there are so few that people choose.
    """
    whole("recovery_codes: n", n, 1, 100)
    made = ["".join(secrets.choice(_ALPHABET) for _ in range(_CODE)) for _ in range(n)]
    shown = ["-".join(code[at : at + _GROUP] for at in range(0, _CODE, _GROUP)) for code in made]
    return RecoveryCodes(shown, [_sealed(code, secrets.token_bytes(_SALT)) for code in made])


def use_recovery(hashes: Iterable[str], code: object) -> list[str] | None:
    """The hashes that are left once this code is used; None where it is none of them.

    All are compared, each in constant time. The caller must swap the list in one step, or two requests at once use one
    code: ``UPDATE ... SET recovery = :left WHERE id = :id AND recovery = :before``, and one row must have changed.
    """
    typed = code.lower().translate(_READ) if isinstance(code, str) and len(code) <= _LONGEST else ""
    stored = list(hashes)
    right = [_is_sealed(each, typed) for each in stored]
    if len(typed) != _CODE or not any(right):
        return None
    return [each for each, used in zip(stored, right, strict=True) if not used]


def _is_sealed(stored: str, typed: str) -> bool:
    try:
        salt = urlsafe_b64decode(stored)[:_SALT]
    except ValueError:  # broken in the database: no code is this one
        return False
    return compare_digest(_sealed(typed, salt).encode(), stored.encode())


def _sealed(code: str, salt: bytes) -> str:
    raw = code.encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(salt + hashlib.blake2b(raw, key=salt, digest_size=32).digest()).decode("ascii")
