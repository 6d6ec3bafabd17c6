"""Browsers that logged in before: a signed cookie that names the account, by which its owner has tries of their own.

After OWASP's "Slow Down Online Guessing Attacks with Device Cookies".
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from os import urandom
from time import time
from typing import Final, NamedTuple

from netguard.forgetting import DEVICE_COOKIES
from netguard.messages import Request

_NAME, _PREFIXED = DEVICE_COOKIES  # the second one no sister site can set (RFC 6265bis, 4.1.3.2)
_ATTRIBUTES: Final = b"; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d"
_TAG: Final = 8  # bytes, as the next three
_ID: Final = 12
_TIME: Final = 4
_MAC: Final = 24
_MOST: Final = 4  # accounts that one browser is known for
_DAY: Final = 86_400  # seconds
_RENEWED_AFTER: Final = _DAY  # so that who logs in often keeps it, and not each login sets a cookie


class Device(NamedTuple):
    """A browser that logged in to an account before."""

    tag: bytes  # of the account
    id: bytes
    issued: int  # seconds since the epoch


class Devices:
    """Reads and makes device cookies: the first of ``secrets`` signs, all verify; one is good for ``days``.

    ``clock`` gives seconds since the epoch. A cookie holds up to four accounts, the last to log in first.
    """

    __slots__ = ("_clock", "_days", "_keys", "_secures")

    def __init__(
        self,
        secrets: Sequence[str],
        secures: Callable[[Request], bool],
        *,
        days: int,
        clock: Callable[[], float] = time,
    ) -> None:
        keys = [secret.encode("utf-8", "surrogatepass") for secret in secrets]
        self._keys = [hmac.digest(key, b"netguard device", "sha256") for key in keys]
        self._secures = secures
        self._days = days
        self._clock = clock

    def known(self, request: Request, tag: bytes) -> Device | None:
        """The device of this browser for an account; None where it has none that is valid. Never raises."""
        return next((device for device in self._sent(request) if device.tag == tag), None)

    def cookie(self, request: Request, tag: bytes, device: Device | None) -> tuple[Device, bytes]:
        """The device that a login made known, and the Set-Cookie that says so: empty where it has a fresh one."""
        now = self.now()
        if device is not None and now - device.issued < _RENEWED_AFTER:
            return device, b""
        device = Device(tag, urandom(_ID) if device is None else device.id, now)
        others = [one for one in self._sent(request) if one.tag != tag]
        value = b".".join(map(self._written, [device, *others[: _MOST - 1]]))
        attributes = _ATTRIBUTES % (self._days * _DAY)
        if self._secures(request):
            return device, _PREFIXED + b"=" + value + attributes + b"; Secure"
        return device, _NAME + b"=" + value + attributes

    def now(self) -> int:
        """The time that cookies are dated by, in seconds since the epoch."""
        return int(self._clock())

    def _sent(self, request: Request) -> Iterator[Device]:
        name = _PREFIXED if self._secures(request) else _NAME
        for part in (request.headers.get(b"cookie") or b"").split(b";"):
            key, _, value = part.strip(b" \t").partition(b"=")
            for written in value.split(b".")[:_MOST] if key == name else ():
                device = self._read(written)
                if device is not None:
                    yield device

    def _written(self, device: Device) -> bytes:
        raw = device.tag + device.id + device.issued.to_bytes(_TIME)
        return urlsafe_b64encode(raw + self._mac(self._keys[0], raw))

    def _read(self, written: bytes) -> Device | None:
        try:
            raw = urlsafe_b64decode(written)
        except ValueError:
            return None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(raw) != _TAG + _ID + _TIME + _MAC or urlsafe_b64encode(raw) != written:
            return None
        if True not in [hmac.compare_digest(mac, self._mac(key, body)) for key in self._keys]:
            return None
        issued = int.from_bytes(body[_TAG + _ID :])
        age = self.now() - issued
        return Device(body[:_TAG], body[_TAG : _TAG + _ID], issued) if age < self._days * _DAY else None

    @staticmethod
    def _mac(key: bytes, body: bytes) -> bytes:
        return hmac.digest(key, body, "sha256")[:_MAC]
