"""Which passwords may be chosen (NIST SP 800-63B-4, 3.1.1.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import digits, punctuation, whitespace
from typing import Final, TypeGuard
from unicodedata import normalize

from netguard.errors import WeakPassword
from netguard.identities import identity

MOST: Final = 1024  # characters that ``maximum`` may be at most
_MOST_BYTES: Final = 4 * MOST
_ENDS: Final = digits + punctuation + whitespace


def fits(password: object) -> TypeGuard[str]:
    """Whether it is a text that may be normalised and hashed: a megabyte costs as little as nothing."""
    return isinstance(password, str) and len(password) <= _MOST_BYTES and len(_encoded(password)) <= _MOST_BYTES


def fitting(password: object) -> str:
    """The password itself. Raises WeakPassword for what was never checked and is no text or far too long."""
    if not fits(password):
        raise WeakPassword(f"a password is a text of at most {_MOST_BYTES} bytes", "too-long")
    return password


def normalised(password: str) -> bytes:
    """The bytes to hash: NFC (NIST SP 800-63B-4, 3.1.1.2), so that one keyboard's ``é`` is another's.

    NFKC would take for equal what people tell apart, and weaken what they chose.
    """
    return _encoded(normalize("NFC", password))


@dataclass(frozen=True, slots=True)
class Rules:
    """Lengths in characters (code points after NFC), and no rules of composition; spaces and Unicode are welcome."""

    minimum: int
    minimum_with_second_factor: int
    maximum: int

    def check(self, password: object, second_factor: bool, forbidden: Iterable[str | None]) -> bytes:
        """The bytes of a password that may be chosen, as far as can be told without a list. Raises WeakPassword."""
        if not fits(password):
            raise self._too_long()
        composed = normalize("NFC", password)
        minimum = self.minimum_with_second_factor if second_factor else self.minimum
        if len(composed) < minimum:
            raise WeakPassword(f"choose at least {minimum} characters; several words are easy to remember", "too-short")
        if len(composed) > self.maximum:
            raise self._too_long()
        if any(_derives(identity(composed), identity(name)) for name in forbidden if name):
            raise WeakPassword("choose a password that is not made of your name or address", "is-the-name")
        return _encoded(composed)

    def _too_long(self) -> WeakPassword:
        return WeakPassword(f"choose at most {self.maximum} characters", "too-long")


def _derives(password: str, name: str) -> bool:
    """Whether it is a name, repeated or with as much again of digits and signs around it, or that before its @."""
    return any(_is_made_of(password, part) for part in {name, name.partition("@")[0]} if part)


def _is_made_of(password: str, name: str) -> bool:
    if password == name * (len(password) // len(name)):
        return True
    return len(password) <= 2 * len(name) and password.strip(_ENDS) == name.strip(_ENDS) != ""


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # JSON can hold half a pair
