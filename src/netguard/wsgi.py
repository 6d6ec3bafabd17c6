"""The WSGI driver: any WSGI app behind a policy. It does the I/O that the core asks for, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Self

from netguard.core import decide
from netguard.environ import Environ, read_body, read_request, told, with_body
from netguard.errors import ConfigError, Refused
from netguard.events import Sinks, logger
from netguard.exchange import Exchange
from netguard.messages import CONTINUE, Continue, Decision, NeedBody, NeedCounts, Respond
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.refusals import CRASHED, NO_USER, proved
from netguard.serving import drivers, first_plan
from netguard.taking import counters_of, unless_denied
from netguard.wsgi_responses import (
    StartResponse,
    WSGIApp,
    guarded_start,
    nothing,
    respond,
    settled,
    settling,
    withholding,
)

if TYPE_CHECKING:
    from netguard.live import LivePolicy

__all__ = ["Environ", "NetguardMiddleware", "StartResponse", "WSGIApp"]


class NetguardMiddleware:
    """Protect a WSGI app by a policy: ``app = NetguardMiddleware(app, policy)``.

    The app finds the request's ``Exchange`` at ``environ["netguard"]``. The app's iterable is returned as it is.
    An exception that leaves the app is logged and answered with 500; under ``Policy.development()`` it is raised.
    """

    asks_inside = False  # whether the adapter has a hook that asks the rules about the user

    def __init__(
        self,
        app: WSGIApp,
        policy: Policy | Plan | LivePolicy | None = None,
        *,
        user: Callable[[Environ], object] | None = None,
    ) -> None:
        self.app = app
        self._user = user
        if user is not None and not callable(user):
            raise ConfigError(f"NetguardMiddleware: user is a callable, not {user!r}")
        self._serve(first_plan(policy))
        self._drivers = drivers(self, self.plan, policy, self._check)

    def _check(self, plan: Plan) -> None:
        if plan.asks_user and self._user is None and not self.asks_inside:
            raise ConfigError(NO_USER)

    def _serve(self, plan: Plan) -> None:
        self.plan = plan
        self._sinks = Sinks(plan.policy.events)
        self._counters = counters_of(plan, self._sinks)

    def serving(self, plan: Plan) -> Self:
        """The same under another plan."""
        other = copy(self)
        other._drivers = None
        other._serve(plan)
        return other

    def failing(self, error: Exception) -> Self:
        """The same in front of an app that raises."""

        def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            raise error

        self.app = app
        return self

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self._drivers is not None:
            return self._drivers.of(lambda plan: read_request(plan, environ))(environ, start_response)
        plan = self.plan
        request = read_request(plan, environ)
        exchange = Exchange(request, plan.merge, plan.pages, self._sinks.tell, plan.csrf)
        guarded = guarded_start(exchange, start_response)
        try:
            inner = self.inner(environ, exchange)  # tells of forwarding headers, also where the request is refused
            decision = decide(plan, request)
            final = decision if decision is CONTINUE else self._supplied(decision, inner)
            if final is not CONTINUE:
                self._sinks.tell_decision(request, final)
                if isinstance(final, Respond):
                    return respond(exchange.page(final), guarded)
                exchange.add(final.headers)
                return self._expecting(exchange, final)(inner, guarded)
            return self.app(inner, guarded)
        except Refused as error:
            if exchange.started:
                raise
            return respond(exchange.refused(error), settling(exchange, guarded))
        except Exception:
            if exchange.started or self.propagates(environ):
                raise
            logger.exception("an exception left the app at %r %r", request.method, request.path)
            self._sinks.tell(request, CRASHED)
            return respond(exchange.page(exchange.withheld() or Respond(CRASHED)), settling(exchange, guarded))

    def _expecting(self, exchange: Exchange, final: Continue) -> WSGIApp:
        """The app, or one whose answer waits for the rules about the user, and settles the logins that it tries."""
        app = self.app
        if final.pending:
            exchange.wait_for(final.pending, self._counters)
            app = partial(self._withheld, exchange)
        if not final.tries:
            return app
        exchange.expect_logins(final.tries, self._counters)
        return partial(settled, exchange, app)

    def _withheld(self, exchange: Exchange, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refused = self._user and isinstance(exchange.admit(self._user(environ)), Respond)
        result = withholding(exchange, nothing if refused else self.app, environ, start_response)
        self._sinks.tell_decision(exchange.request, exchange.judged())
        return result

    def propagates(self, environ: Environ) -> bool:
        """Whether an exception is left to the server's or the framework's own debugging page."""
        return self.plan.policy.preset == "development"

    def _supplied(self, decision: Decision, environ: Environ) -> Continue | Respond:
        """The final decision, once everything that was asked for has been fetched."""
        decision = unless_denied(decision, self._counters)
        while True:
            if isinstance(decision, NeedBody):
                decision = with_body(decision, partial(read_body, environ))
            elif isinstance(decision, NeedCounts) and self._counters is not None:
                decision = decision.supply(self._counters.take(decision.ops))
            else:
                return proved(decision)

    def inner(self, environ: Environ, exchange: Exchange) -> Environ:
        """The environ for the app: ``told``."""
        return told(environ, exchange, self._sinks)
