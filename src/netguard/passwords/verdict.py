"""What a verification says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right; true where it is.

    ``upgraded`` is a new hash to store in the old one's place, where that was made with other parameters, under an
    older pepper or none, or in another format; else None.
    """

    right: bool
    upgraded: str | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return self.right


WRONG: Final = Verdict(right=False)
