"""The Django driver: an entry of MIDDLEWARE, sync and async. It does the I/O that the core asks for, no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from netguard.core import decide
from netguard.django.conf import policy_of_settings
from netguard.django.nonce import exchange_of
from netguard.django.requests import auser_of, knows_user, outer_exchange, read_body, read_request, tell, user_of
from netguard.django.responses import page_response, seal
from netguard.django.signals import listen_to_logins
from netguard.environ import with_body
from netguard.errors import Refused
from netguard.events import Sinks, logger
from netguard.exchange import Exchange
from netguard.messages import CONTINUE, Continue, Decision, NeedBody, NeedCounts, Respond
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.refusals import CRASHED, proved
from netguard.serving import drivers, first_plan
from netguard.taking import counters_of, unless_denied

if TYPE_CHECKING:
    from netguard.live import LivePolicy

GetResponse = Callable[[HttpRequest], Any]  # a response, or what awaits one


class NetguardMiddleware:
    """Protect a Django project: the first entry of ``MIDDLEWARE``, with the policy in ``settings.NETGUARD``.

    Views find the request's ``Exchange`` at ``request.netguard``. Behind netguard's own wrapper (or any other of its
    drivers) it steps aside, and only asks the rules about the user.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse, policy: Policy | Plan | LivePolicy | None = None) -> None:
        self.get_response = get_response
        policy = policy_of_settings() if policy is None else policy
        self._serve(first_plan(policy))
        self._drivers = drivers(self, self.plan, policy, _listen)
        self._awaits = iscoroutinefunction(get_response)
        if self._awaits:
            markcoroutinefunction(self)
        if self.plan.asks_user or self._drivers:  # else Django would call the hook on every request
            self.process_view = self._admit_async if self._awaits else self._admit

    def _serve(self, plan: Plan) -> None:
        self.plan = plan
        self._sinks = Sinks(plan.policy.events)
        self._tell = self._sinks.tell
        self._counters = counters_of(plan, self._sinks)

    def serving(self, plan: Plan) -> Self:
        """The same under another plan."""
        other = copy(self)
        other._drivers = None
        other._serve(plan)
        return other

    def failing(self, error: Exception) -> Self:
        """The same in front of a project that raises."""

        def raises(request: HttpRequest) -> HttpResponseBase:
            raise error

        async def raises_async(request: HttpRequest) -> HttpResponseBase:
            raise error

        self.get_response = convert_exception_to_response(raises_async if self._awaits else raises)
        return self

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._drivers is not None and outer_exchange(request) is None:
            return self._drivers.of(lambda plan: read_request(plan, request))(request)
        if self._awaits:
            return self._answer_async(request)
        exchange = self._opened(request)
        if exchange is None:
            response: HttpResponseBase = self.get_response(request)
            return response
        try:
            final = decide(self.plan, exchange.request)
            if final is not CONTINUE:
                final = self._supplied(final, request)
            refused = self._refused(exchange, final)
        except Exception as error:
            refused = self._crashed(exchange, error)
        response = self._sealed(exchange, self.get_response(request) if refused is None else refused)
        if exchange.tries_login:
            exchange.settle()
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        exchange = self._opened(request)
        if exchange is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        try:
            final = decide(self.plan, exchange.request)
            if final is not CONTINUE:
                final = await self._supplied_async(final, request)
            refused = self._refused(exchange, final)
        except Exception as error:
            refused = self._crashed(exchange, error)
        response = self._sealed(exchange, await self.get_response(request) if refused is None else refused)
        if exchange.tries_login:
            await exchange.asettle()
        return response

    def _opened(self, request: HttpRequest) -> Exchange | None:
        """The exchange of a request that tells the truth from now on; None where an outer driver has made it."""
        outer = outer_exchange(request)
        if outer is not None:
            request.netguard = outer  # type: ignore[attr-defined]
            return None
        plan = self.plan
        exchange = Exchange(read_request(plan, request), plan.merge, plan.pages, self._tell, plan.csrf)
        tell(request, exchange, self._sinks)
        request.netguard = exchange  # type: ignore[attr-defined]
        return exchange

    def _supplied(self, decision: Decision, request: HttpRequest) -> Continue | Respond:
        """The final decision, once everything that was asked for has been fetched."""
        decision = unless_denied(decision, self._counters)
        while True:
            if isinstance(decision, NeedBody):
                decision = with_body(decision, partial(read_body, request))
            elif isinstance(decision, NeedCounts) and self._counters is not None:
                decision = decision.supply(self._counters.take(decision.ops))
            else:
                return proved(decision)

    async def _supplied_async(self, decision: Decision, request: HttpRequest) -> Continue | Respond:
        decision = unless_denied(decision, self._counters)
        while True:
            if isinstance(decision, NeedBody):
                decision = with_body(decision, partial(read_body, request))  # Django has buffered it already
            elif isinstance(decision, NeedCounts) and self._counters is not None:
                decision = decision.supply(await self._counters.atake(decision.ops))
            else:
                return proved(decision)

    def _crashed(self, exchange: Exchange, error: Exception) -> HttpResponseBase:
        """The response where a rule, the store or the head failed; in debug the error goes on to Django's own page."""
        if settings.DEBUG or self.plan.policy.preset == "development":
            raise error
        request = exchange.request
        logger.exception("an exception left netguard at %r %r", request.method, request.path, exc_info=error)
        self._sinks.tell(request, CRASHED)
        return page_response(exchange.page(Respond(CRASHED)))

    def _refused(self, exchange: Exchange, final: Decision) -> HttpResponseBase | None:
        """The response in the app's place; None where the request goes on."""
        if final is CONTINUE:
            return None
        final = proved(final)
        self._sinks.tell_decision(exchange.request, final)
        if isinstance(final, Respond):
            return page_response(exchange.page(final))
        exchange.add(final.headers)
        if final.tries:
            exchange.expect_logins(final.tries, self._counters)
        if final.pending:
            exchange.wait_for(final.pending, self._counters)
        return None

    def _sealed(self, exchange: Exchange, response: HttpResponseBase) -> HttpResponseBase:
        """The response as it leaves: the app's, unless a rule about the user withholds it."""
        if exchange.pending:
            instead = exchange.withheld()
            self._sinks.tell_decision(exchange.request, exchange.judged())
            if instead is not None:
                response.close()
                response = page_response(exchange.page(instead))
        try:
            return seal(exchange, response)
        except Exception as error:
            crashed = self._crashed(exchange, error)
            response.close()
            plain = Exchange(exchange.request, self.plan.merge, self.plan.pages)  # without what could not be said
            return seal(plain, crashed)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer what carries its refusal, where no view caught it."""
        return refusal_of(request, error)

    def _admit(self, request: HttpRequest, *_: object) -> HttpResponseBase | None:
        """``process_view``: let the rules judge the user, where Django's authentication has told who it is."""
        exchange = exchange_of(request)
        if not exchange.pending or not hasattr(request, "user"):
            return None
        return _refusal(exchange, exchange.admit(user_of(request)))

    async def _admit_async(self, request: HttpRequest, *_: object) -> HttpResponseBase | None:
        exchange = exchange_of(request)
        if not exchange.pending or not knows_user(request):
            return None
        user = await auser_of(request)
        if exchange.pending.rules:  # permissions and groups are in the database, and an event loop must not wait for it
            return _refusal(exchange, await sync_to_async(exchange.admit)(user))
        return _refusal(exchange, await exchange.aadmit(user))


def _listen(plan: Plan) -> None:
    if plan.policy.lockouts():
        listen_to_logins()


def refusal_of(request: HttpRequest, error: Exception) -> HttpResponseBase | None:
    """The response for an error that carries its refusal; None for any other."""
    return page_response(exchange_of(request).refused(error)) if isinstance(error, Refused) else None


def _refusal(exchange: Exchange, verdict: Continue | Respond) -> HttpResponseBase | None:
    return page_response(exchange.page(verdict)) if isinstance(verdict, Respond) else None
