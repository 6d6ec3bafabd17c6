"""The Flask adapter: the WSGI driver around ``app.wsgi_app``, the request's exchange at ``flask.g.netguard``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import isawaitable, isclass, iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Response, current_app, has_request_context, request

from netguard.errors import ConfigError, NetguardError, Refused
from netguard.exchange import Exchange
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.override import Override
from netguard.limiter import AsyncLimiter, Limiter
from netguard.messages import Page, Respond
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.serving import is_live
from netguard.templates import CsrfField, CsrfToken, Nonce
from netguard.view_limits import Arguments, ViewLimits, behind
from netguard.wsgi import Environ
from netguard.wsgi import NetguardMiddleware as WSGINetguardMiddleware

if TYPE_CHECKING:
    from netguard.live import LivePolicy

View = TypeVar("View", bound=Callable[..., Any])
User = Callable[[], object]


class NetguardMiddleware(WSGINetguardMiddleware):
    """The WSGI driver, with Flask's own word on where exceptions go."""

    asks_inside = True

    def __init__(self, app: Flask, policy: Policy | Plan | LivePolicy, user: User | None = None) -> None:
        self._flask = app
        self._flask_user = user
        super().__init__(app.wsgi_app, policy)

    def _check(self, plan: Plan) -> None:
        if plan.asks_user:
            _asked(self._flask, self._flask_user)

    @property
    def may_ask_user(self) -> bool:
        """Whether a rule may come to ask for the user."""
        return self._drivers is not None or self.plan.asks_user

    @property
    def may_log_in(self) -> bool:
        """Whether a lockout may come to ask for a login's outcome."""
        return self._drivers is not None or bool(self.plan.policy.lockouts())

    def propagates(self, environ: Environ) -> bool:
        """Whether Flask raised on purpose: in debug, in testing, or by PROPAGATE_EXCEPTIONS."""
        told: bool | None = self._flask.config["PROPAGATE_EXCEPTIONS"]
        wanted = (self._flask.debug or self._flask.testing) if told is None else told
        return wanted or super().propagates(environ)


class Netguard:
    """Protect a Flask app: ``Netguard(app, policy)``, or ``Netguard(policy=policy)`` and ``init_app(app)`` later.

    Views find the request's ``Exchange`` at ``flask.g.netguard``, templates its nonce at ``{{ csp_nonce }}`` and, with
    ``Origin(token=True)``, its token at ``{{ csrf_field }}`` and ``{{ csrf_token }}``. ``user`` is called without
    arguments where a rule asks for the user, and gives None for nobody; without it, Flask-Login's ``current_user`` is
    asked. Hooks that the app registered before run before it.
    """

    def __init__(
        self, app: Flask | None = None, policy: Policy | Plan | LivePolicy | None = None, *, user: User | None = None
    ) -> None:
        self._policy = policy
        self._user = user
        if app is not None:
            self.init_app(app)

    def init_app(
        self, app: Flask, policy: Policy | Plan | LivePolicy | None = None, *, user: User | None = None
    ) -> None:
        """Put the policy in front of one app; an app takes one Netguard, a Netguard any number of apps."""
        if not isinstance(app, Flask):
            raise ConfigError(f"Netguard: write Netguard(app, policy) with a Flask app first, not {app!r}")
        if "netguard" in app.extensions:
            raise ConfigError(f"Netguard: {app.name!r} has one already: apply it once, where the app is made")
        user = user or self._user
        middleware = NetguardMiddleware(app, _checked(policy or self._policy), user)
        if middleware.may_ask_user:
            app.before_request(_hook(app, user))
        app.register_error_handler(Refused, lambda error: _response(_exchange().refused(error)))
        if middleware.may_log_in:
            _listen_to_logins(app)
        app.app_ctx_globals_class = _with_netguard(app.app_ctx_globals_class)
        app.jinja_env.globals["csp_nonce"] = Nonce(_exchange)  # as a global, imported macros see it too
        if any(plan.csrf for plan in middleware.plan.all()):  # else these names stay free for others, as Flask-WTF
            app.jinja_env.globals.update(csrf_token=CsrfToken(_exchange), csrf_field=CsrfField(_exchange))
        app.wsgi_app = middleware  # type: ignore[method-assign]  # as Flask documents for middleware
        app.extensions["netguard"] = self
        app.extensions["netguard_user"] = user  # for limits of views


def _listen_to_logins(app: Flask) -> None:
    """Let a lockout hear what Flask-Login's signal says, where that is installed."""
    try:
        signal = import_module("flask_login").user_logged_in
    except ModuleNotFoundError:
        return
    signal.connect(_logged_in_now, app)


def _logged_in_now(app: Flask, **_: object) -> None:
    exchange = request.environ.get("netguard") if has_request_context() else None
    if isinstance(exchange, Exchange):
        exchange.login_succeeded()


def headers(headers: Headers | None = None, *, append: CSP | None = None) -> Callable[[View], View]:
    """A decorator for a view, sync or async: its responses replace these headers, or append to the CSP; it stacks.

    Write it below the route, and as ``decorators = [headers(...)]`` in a class-based view.
    """
    override = Override(headers, append)

    def decorate(view: View) -> View:
        if isclass(view):
            raise ConfigError(f"headers: write decorators = [headers(...)] inside class {view.__name__}")

        def apply(_: Arguments) -> None:
            _exchange().apply(override)

        async def apply_async(_: Arguments) -> None:
            _exchange().apply(override)

        return behind(view, apply, apply_async, awaits=iscoroutinefunction(view))

    return decorate


def limited(limiter: Limiter | AsyncLimiter, *names: str) -> Callable[[View], View]:
    """A decorator for a view, sync or async: it asks these limits of the policy, all in one decision, before it runs.

    A refusal is answered as the middleware does. The limits have ``on=[]``; those by ``user`` ask ``Netguard``'s user.
    Write it below the route, and as ``decorators = [limited(...)]`` in a class-based view.
    """
    limits = ViewLimits(limiter, names)

    def refused(_: Arguments) -> Response | None:
        exchange = _exchange()
        user = _found(_user()) if limits.needs_user else None
        return _refusal(exchange, limits.refusal(exchange, user))

    async def refused_async(_: Arguments) -> Response | None:
        exchange = _exchange()
        user = _user()() if limits.needs_user else None
        return _refusal(exchange, await limits.arefusal(exchange, await user if isawaitable(user) else user))

    def decorate(view: View) -> View:
        if isclass(view):
            raise ConfigError(f"limited: write decorators = [limited(...)] inside class {view.__name__}")
        return behind(view, refused, refused_async, awaits=iscoroutinefunction(view))

    return decorate


def _checked(policy: Policy | Plan | LivePolicy | None) -> Policy | Plan | LivePolicy:
    if policy is None:
        raise ConfigError("Netguard: the policy is missing: write Netguard(app, Policy(hosts=[...]))")
    if not isinstance(policy, Policy | Plan) and not is_live(policy):
        raise ConfigError(f"Netguard: the policy is Policy(...), not {policy!r}")
    return policy


def _exchange() -> Exchange:
    if not has_request_context():
        raise NetguardError("netguard: there is no request here: its exchange and nonce belong to one")
    exchange: Exchange | None = request.environ.get("netguard")
    if exchange is None:
        raise NetguardError(
            "netguard: this request did not come through it: apply Netguard(app, policy), and ask app.test_client()"
        )
    return exchange


def _with_netguard(base: type[Any]) -> type[Any]:
    """The class of ``flask.g`` with the exchange as a property: nothing runs on a request that does not read it."""
    return type(base.__name__, (base,), {"netguard": property(lambda _: _exchange())})


def _asked(app: Flask, user: User | None) -> User:
    if user is not None and not callable(user):
        raise ConfigError(f"Netguard: user is a callable without arguments, not {user!r}")
    if user is not None:
        return user
    if hasattr(app, "login_manager"):
        return _logged_in
    raise ConfigError(
        "Netguard: the policy has rules about the user, and no way to know one: write Netguard(app, policy, user=...), "
        "or initialise Flask-Login before Netguard"
    )


def _logged_in() -> object:
    """Flask-Login's user; its anonymous one is nobody."""
    user = import_module("flask_login").current_user
    return user._get_current_object() if user.is_authenticated else None


def _user() -> User:
    return _asked(current_app, current_app.extensions["netguard_user"])


def _hook(app: Flask, user: User | None) -> Callable[[], Response | None]:
    def admit() -> Response | None:
        exchange = _exchange()
        if not exchange.pending:
            return None
        verdict = exchange.admit(_found(_asked(app, user)))
        return _refusal(exchange, verdict if isinstance(verdict, Respond) else None)

    return admit


def _found(user: User) -> object:
    found = current_app.ensure_sync(user)()
    if isawaitable(found):  # would pass for somebody
        raise NetguardError(f"Netguard: user={user!r} gave an awaitable: write it with async def, or await inside")
    return found


def _refusal(exchange: Exchange, refused: Respond | None) -> Response | None:
    return None if refused is None else _response(exchange.page(refused))


def _response(page: Page) -> Response:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in page.headers]
    return Response(page.body, page.status, pairs)
