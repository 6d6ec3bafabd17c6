"""Argon2id hashes, under a pepper where there is one, and the verification of whatever was stored."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import urandom
from typing import Final

from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, hash_secret_raw, verify_secret

from netguard.events import logger
from netguard.passwords.rules import normalised
from netguard.passwords.verdict import WRONG, Verdict
from netguard.passwords.waiting import busy

LegacyCheck = Callable[[str, str], bool]

_SALT: Final = 16  # bytes, RFC 9106, 3.1
_DIGEST: Final = 32  # bytes
_KEY_ID: Final = re.compile(r",keyid=([A-Za-z0-9+/]{8})(?=\$)")
_ARGON2: Final = re.compile(
    r"\$(argon2id|argon2i|argon2d)(?:\$v=[0-9]+)?\$m=[0-9]+,t=[0-9]+,p=[0-9]+(?:\$[A-Za-z0-9+/]+){2}"
)
_TYPES: Final = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash takes."""

    memory: int  # KiB
    iterations: int
    parallelism: int

    def hash(self, secret: bytes) -> str:
        """The hash with a salt of its own, in the PHC string format. Raises Busy where there is no memory for it."""
        memory, lanes = self.memory, self.parallelism
        try:
            made = hash_secret(secret, urandom(_SALT), self.iterations, memory, lanes, _DIGEST, Type.ID)
        except HashingError as error:
            raise busy(f"no hash of a password: {error}") from error
        return made.decode("ascii")


class Hasher:
    """Hashes under the newest pepper, and verifies under each of them and none.

    A pepper is the key of an HMAC-SHA256 that the password passes before argon2 (NIST SP 800-63B-4, 3.1.1.2: a keyed
    hash with a secret kept apart). A hash names its pepper by ``keyid``, which guesses can be tested against no faster
    than against the hash itself.
    """

    __slots__ = ("_cost", "_dummy", "_head", "_legacy", "_length", "_newest", "_peppers")

    def __init__(self, cost: Cost, peppers: Sequence[str], legacy: Mapping[str, LegacyCheck]) -> None:
        self._cost = cost
        self._peppers = {key_id(pepper): pepper.encode("utf-8", "surrogatepass") for pepper in peppers}
        self._newest = next(iter(self._peppers), "")
        self._legacy = sorted(legacy.items(), key=lambda pair: -len(pair[0]))  # the longest prefix is the nearest
        self._dummy = cost.hash(urandom(_DIGEST))
        current = self._named(self._dummy)
        self._head = current.rpartition("$")[0].rpartition("$")[0] + "$"
        self._length = len(current)

    def hash(self, password: str) -> str:
        """The hash to store."""
        return self._named(self._cost.hash(self._secret(password, self._newest)))

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether this is the password; one verification, also where nothing or nothing readable is stored."""
        right = None if stored is None else self._judge(stored, password)
        if stored is None or right is None:
            self._pretend(password, known=stored is not None)
            return WRONG
        if not right:
            return WRONG
        return Verdict(right=True, upgraded=None if self._is_current(stored) else self.hash(password))

    def _judge(self, stored: str, password: str) -> bool | None:
        """None where what is stored cannot be read."""
        for prefix, check in self._legacy:
            if stored.startswith(prefix):
                return _checked(check, stored, password)
        named = _KEY_ID.search(stored)
        plain = _KEY_ID.sub("", stored, count=1)
        form = _ARGON2.fullmatch(plain)
        pepper = named[1] if named else ""
        if form is None or (pepper and pepper not in self._peppers):
            return None
        return _verified(plain, self._secret(password, pepper), _TYPES[form[1]])

    def _pretend(self, password: str, *, known: bool) -> None:
        """Take as long as a verification would, so that nobody learns which accounts there are."""
        if known:
            logger.warning("a stored password hash is broken, of no known format, or made under a pepper not listed")
        if _verified(self._dummy, self._secret(password, self._newest), Type.ID) is None:
            raise busy("no verification of a password: argon2 failed, which it does where there is no memory")

    def _is_current(self, stored: str) -> bool:
        return stored.startswith(self._head) and len(stored) == self._length

    def _secret(self, password: str, pepper: str) -> bytes:
        raw = normalised(password)
        return hmac.digest(self._peppers[pepper], raw, "sha256") if pepper else raw

    def _named(self, plain: str) -> str:
        """The hash with the key id of the newest pepper, where PHC's string format has it."""
        if not self._newest:
            return plain
        head, salt, digest = plain.rsplit("$", 2)
        return f"{head},keyid={self._newest}${salt}${digest}"


def key_id(pepper: str) -> str:
    """Eight characters that name a pepper; as slow as a hash, so that guessing a poor one gains nothing by them."""
    raw = pepper.encode("utf-8", "surrogatepass")
    return b64encode(hash_secret_raw(raw, b"netguard's key ids", 2, 19_456, 1, 6, Type.ID)).decode("ascii")


def _verified(stored: str, secret: bytes, kind: Type) -> bool | None:
    try:
        return verify_secret(stored.encode("ascii"), secret, kind)
    except VerifyMismatchError:
        return False
    except VerificationError:
        return None


def _checked(check: LegacyCheck, stored: str, password: str) -> bool | None:
    """What the app's own function says; only True is right, as anything else may be true by mistake."""
    try:
        return check(stored, password) is True
    except ValueError:  # what such functions raise for a broken hash
        return None
