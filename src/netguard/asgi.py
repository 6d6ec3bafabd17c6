"""The ASGI driver: any ASGI 3 app behind a policy. It does the I/O that the core asks for, and decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import copy
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Self

from netguard.asgi_messages import (
    ASGIApp,
    Receive,
    Scope,
    Send,
    client_of,
    http_send,
    read_body,
    read_request,
    replayed,
    respond,
    socket_send,
    with_host,
    withholding,
)
from netguard.core import decide
from netguard.errors import BodyTooLarge, ConfigError, Disconnected, NetguardError, Refused
from netguard.events import Sinks, logger
from netguard.exchange import Exchange
from netguard.memo import Memo
from netguard.messages import CONTINUE, Continue, Decision, NeedBody, NeedCounts, Request, Respond
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.proxies import is_forwarding
from netguard.refusals import CRASHED, NO_USER, TOO_LARGE, proved, unlisted_proxy
from netguard.serving import drivers, first_plan
from netguard.taking import counters_of, unless_denied

if TYPE_CHECKING:
    from netguard.live import LivePolicy


class NetguardMiddleware:
    """Protect an ASGI 3 app by a policy: ``app = NetguardMiddleware(app, policy)``.

    The app finds the request's ``Exchange`` at ``scope["netguard"]``. An exception that leaves the app is answered
    with 500 and raised again; under ``Policy.development()`` it is only raised. ``user`` tells for a scope who the
    user is, where rules ask for one; it may be async.
    """

    asks_inside = False  # whether the adapter has a hook that asks the rules about the user

    def __init__(
        self,
        app: ASGIApp,
        policy: Policy | Plan | LivePolicy | None = None,
        *,
        user: Callable[[Scope], object] | None = None,
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
        self._take = self._counters.take if self._counters and not self._counters.waits else None
        self._tell = self._sinks.tell
        self._renames = self.plan.merge.rewriter is not None and self.plan.merge.rewriter.renames
        self._forwarding: Memo[bytes, bool] = Memo(is_forwarding)

    def serving(self, plan: Plan) -> Self:
        """The same under another plan."""
        other = copy(self)
        other._drivers = None
        other._serve(plan)
        return other

    def failing(self, error: Exception) -> Self:
        """The same in front of an app that raises."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise error

        self.app = app
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            return await self.app(scope, receive, send)
        if kind != "http" and kind != "websocket":
            raise NetguardError(f"netguard guards http and websocket, not {kind!r}")
        if self._drivers is not None:
            return await self._drivers.of(lambda plan: read_request(plan, scope))(scope, receive, send)
        plan = self.plan
        request = read_request(plan, scope)
        exchange = Exchange(request, plan.merge, plan.pages, self._tell, plan.csrf)
        guarded = http_send(exchange, send) if kind == "http" else socket_send(exchange, scope, send)
        inner: Scope | None = None
        try:
            decision = decide(plan, request)
            if self._take is not None and type(decision) is NeedCounts:
                decision = decision.supply(self._take(decision.ops))
            if decision is not CONTINUE:
                final, receive = await self._supplied(decision, receive, socket=kind == "websocket")
                self._sinks.tell_decision(request, final)
                if isinstance(final, Respond):
                    self._tell_unlisted(request, scope)
                    return await respond(exchange.page(final), scope, guarded)
                exchange.add(final.headers)
                if final.tries:
                    exchange.expect_logins(final.tries, self._counters)
                if final.pending:
                    exchange.wait_for(final.pending, self._counters)
                    guarded = withholding(exchange, scope, guarded, partial(self._sinks.tell_decision, request))
            inner = self.inner(scope, exchange)
            if exchange.pending and self._user is not None:
                user = self._user(inner)
                if isinstance(await exchange.aadmit(await user if isawaitable(user) else user), Respond):
                    return await guarded({"type": "http.response.start", "status": 403})  # which sends the refusal
            return await self.app(inner, receive, guarded)
        except Disconnected:
            return None
        except Refused as error:
            if exchange.started:
                raise
            return await respond(exchange.refused(error), scope, guarded)
        except Exception as error:
            if not exchange.started and not self.propagates(scope):
                self._sinks.tell(request, CRASHED)
                await self._crash(error, exchange, scope, inner, guarded)
            raise

    def propagates(self, scope: Scope) -> bool:
        """Whether an exception is left to the server's or the framework's own debugging page."""
        return self.plan.policy.preset == "development"

    async def _crash(self, error: Exception, exchange: Exchange, scope: Scope, inner: Scope | None, send: Send) -> None:
        page = None
        if inner is not None:
            try:
                page = await self.error_page(error, inner)
            except Exception:  # the first error is the one that is raised again
                logger.exception("the app's own page for 500 failed")
        await (respond(exchange.page(Respond(CRASHED)), scope, send) if page is None else page(send))

    async def error_page(self, error: Exception, scope: Scope) -> Callable[[Send], Awaitable[None]] | None:
        """What sends the app's own page for an exception; None for netguard's. For adapters to override."""
        return None

    async def _supplied(
        self, decision: Decision, receive: Receive, *, socket: bool
    ) -> tuple[Continue | Respond, Receive]:
        """The final decision, once everything that was asked for has been fetched."""
        decision = unless_denied(decision, self._counters)
        while True:
            if isinstance(decision, NeedBody) and socket:
                decision = decision.supply(b"")  # a handshake has no body
            elif isinstance(decision, NeedBody):
                try:
                    body = await read_body(receive, decision.limit)
                except BodyTooLarge as error:
                    receive = replayed(error.read, receive, more=error.more)
                    decision = decision.fail(TOO_LARGE)
                else:
                    receive = replayed(body, receive)
                    decision = decision.supply(body)
            elif isinstance(decision, NeedCounts) and self._counters is not None:
                decision = decision.supply(await self._counters.atake(decision.ops))
            else:
                return proved(decision), receive

    def _tell_unlisted(self, request: Request, scope: Scope) -> None:
        """Say once that an unlisted peer sent forwarding headers: most refusals behind a proxy come from that."""
        if not request.proxied and any(self._forwarding[name] for name, _ in scope["headers"]):
            self._sinks.tell_once(request, unlisted_proxy(request))

    def inner(self, scope: Scope, exchange: Exchange) -> Scope:
        """A copy of the scope that tells the truth: one client, one scheme, one host, no forwarding headers."""
        request, raw, forwarding = exchange.request, scope["headers"], self._forwarding
        headers = [pair for pair in raw if not forwarding[pair[0]]]
        if request.proxied:
            if request.authority != request.headers.get(b"host"):
                headers = with_host(headers, request)
        elif len(headers) != len(raw):
            self._tell_unlisted(request, scope)
        scheme = request.scheme if scope["type"] == "http" else "wss" if request.scheme == "https" else "ws"
        if self._renames:
            headers = [(n, exchange.cookies(v)) if n == b"cookie" else (n, v) for n, v in headers]
        inner = {**scope}
        inner["client"] = client_of(scope, request)
        inner["scheme"] = scheme
        inner["headers"] = headers
        inner["netguard"] = exchange
        return inner
