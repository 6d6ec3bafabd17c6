"""The logins of a policy's lockout, for code."""

from __future__ import annotations

from netguard.errors import NetguardError
from netguard.login_attempts import LoginShare
from netguard.login_blocks import LoginAttempt, exchange_in
from netguard.login_counting import TryCounting
from netguard.login_locks import checked_address, name_of
from netguard.login_unlocks import LoginUnlocks
from netguard.messages import Request


class Logins(LoginUnlocks):
    """The logins that a lockout of the policy guards, for code: ``Logins(policy)``, by ``name`` if there are several.

    It counts where the policy's middlewares do, under the same keys. ``link_minutes`` is how long an unlock link is
    good.
    """

    __slots__ = ()

    def attempt(self, username: object, request: object = None, *, client: str | None = None) -> LoginAttempt:
        """A try to log in, for ``with`` and ``async with``: LockedOut is raised where there is none.

        Say ``attempt.succeeded()`` in the block where the password was right; a block that ends otherwise has failed.
        ``request`` is the framework's request or its exchange; a job without one gives the ``client``'s address, or ""
        where nobody knows it. In async code on a shared store write ``async with``: ``with`` blocks the event loop.
        Raises NetguardError where neither is given, or both.
        """
        return self._attempt(self._first, username, request, client)

    def second_factor(self, username: object, request: object = None, *, client: str | None = None) -> LoginAttempt:
        """The same for a second factor, with counters of its own; its success makes the device known."""
        return self._attempt(self._second, username, request, client)

    def _attempt(self, counting: TryCounting, username: object, request: object, client: str | None) -> LoginAttempt:
        exchange = exchange_in(request)
        if (exchange is None) == (client is None):  # all who tell nothing would be one client
            raise NetguardError("attempt: say whose try it is, by the request or by client='192.0.2.7'")
        address = Request("", "", {}, client=checked_address(client or "") or None)
        asked = address if exchange is None else exchange.request
        devices = self._plan.devices if counting.config.devices and exchange is not None else None
        share = LoginShare(counting, devices, asked, reads_body=False)
        last = counting is self._second or counting.config.factor != "first"
        return LoginAttempt(share, counting.name(name_of(username)), last, exchange, self._counters, self._sinks)
