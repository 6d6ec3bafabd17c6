"""What happened, and telling it: to the logger ``netguard`` first, then to every sink of the policy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from time import time
from typing import Final

from netguard.messages import Continue, Refusal, Request, Respond, Tally

logger: Final = logging.getLogger("netguard")

# OWASP Application Logging Vocabulary, where it has a word for it.
_NAMES_OF_CODES: Final = {
    "lockout.failed": "authn_login_fail",
    "lockout.began": "authn_login_lock",
    "lockout.account": "authn_login_fail_max",
    "lockout.client": "authn_login_fail_max",
    "lockout.capped": "authn_login_fail_max",
    "lockout.succeeded": "authn_login_success",
    "lockout.recovered": "authn_login_successafterfail",
    "lockout.new-device": "authn_token_created",
    "lockout.revoked": "authn_token_revoked",
    "lockout.unlocked": "authn_login_unlock",  # of our own, as what follows: OWASP has no word for it
    "lockout.spraying": "authn_credential_stuffing",
    "lockout.spread": "authn_credential_stuffing",
}
_QUIET: Final = frozenset({"lockout.succeeded", "lockout.new-device"})  # all is as it should be
_NAMES: Final = {
    "hosts": "input_validation_fail",
    "body": "input_validation_fail",
    "origin": "malicious_cors",
    "isolation": "malicious_cors",
    "development": "authz_fail",
    "proxies": "sys_configuration",
    "app": "sys_crash",
    "limits": "excess_rate_limit_exceeded",
    "store": "sys_monitor_disabled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """One thing that happened: which rule, which reason code, to which request."""

    name: str  # OWASP's word for it where there is one
    rule: str
    code: str
    detail: str
    method: str
    path: str
    host: str | None
    client: str | None
    peer: str | None
    status: int
    enforced: bool  # False: shadow mode, the request went on
    at: float  # seconds since the epoch
    account: str = ""  # whose login it is about: a pseudonym, unless the policy shows names
    count: int = 1  # how often so far, where several are told as one
    report: Mapping[str, str | int] = field(default_factory=dict)  # what a browser reported, scrubbed


_TOLD: Final = 10  # peers: a stranger's headers must not use up the line about one's own proxy

Sink = Callable[[SecurityEvent], object]

NO_REQUEST: Final = Request("", "", {})  # of what code or a store tells


class Tallies:
    """How often each of the last ``size`` things came up: nobody can use up the place of what is to come."""

    __slots__ = ("_counts", "_lock", "_size")

    def __init__(self, size: int = 1000) -> None:
        self._counts: dict[tuple[str, ...], int] = {}
        self._lock = Lock()
        self._size = size

    def add(self, about: tuple[str, ...], count: int) -> int:
        """Their number where it is to be told: the first, and whenever it has grown tenfold; else 0."""
        with self._lock:
            before = self._counts.pop(about, 0)
            after = self._counts[about] = before + count
            if len(self._counts) > self._size:
                del self._counts[next(iter(self._counts))]
        return after if not before or len(str(after)) > len(str(before)) else 0


class Sinks:
    """Tells each event to the logger and the sinks; a sink that fails is counted and logged, and no more."""

    __slots__ = ("_sinks", "_tallies", "_told", "failures")

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self._sinks = tuple(sinks)
        self._told: set[tuple[str, str | None]] = set()
        self._tallies = Tallies()
        self.failures = 0

    def tell(self, request: Request, refusal: Refusal) -> None:
        """Emit the event of a refusal, enforced or only reported."""
        if self._sinks or logger.isEnabledFor(_level(refusal.status, refusal.code)):  # else nobody would hear it
            self.emit(_event(request, refusal))

    def tell_decision(self, request: Request, decision: Continue | Respond) -> None:
        """Emit what a decision refused, and what shadow mode would have."""
        for note in decision.notes:
            self.tell(request, note)
        if not isinstance(decision, Respond):
            return
        for tally in decision.tallies:
            self._tell_tally(request, tally)
        if decision.refusal.status != 204:
            self.tell(request, decision.refusal)

    def _tell_tally(self, request: Request, tally: Tally) -> None:
        count = self._tallies.add(tally.about, tally.count)
        if count:
            self.emit(replace(_event(request, tally.note), count=count, report=tally.report))

    def tell_once(self, request: Request, refusal: Refusal) -> None:
        """Emit the event the first time that it comes up for a peer, of ten: for what configuration must mend."""
        about = refusal.code, request.peer
        if about not in self._told and len(self._told) < _TOLD:
            self._told.add(about)
            self.tell(request, refusal)

    def tell_news(self, code: str, detail: str, *, trouble: bool) -> None:
        """Emit what belongs to no request, such as the state of a store."""
        status = 503 if trouble else 200
        self.emit(_event(NO_REQUEST, Refusal(code.partition(".")[0], code, status, detail, enforced=False)))

    def emit(self, event: SecurityEvent) -> None:
        """Hand one event to the logger and to every sink."""
        _log(event)
        for sink in self._sinks:
            try:
                sink(event)
            except Exception:  # a sink must not take the app down
                self.failures += 1
                logger.exception("the event sink %r failed (%d so far)", sink, self.failures)


def _event(request: Request, refusal: Refusal) -> SecurityEvent:
    return SecurityEvent(
        name=_NAMES_OF_CODES.get(refusal.code) or _NAMES.get(refusal.rule, f"{refusal.rule}_refused"),
        rule=refusal.rule,
        code=refusal.code,
        detail=refusal.detail,
        method=request.method,
        path=request.path,
        host=request.host,
        client=request.client,
        peer=request.peer,
        status=refusal.status,
        enforced=refusal.enforced,
        account=refusal.account,
        at=time(),
    )


def _level(status: int, code: str) -> int:
    return logging.INFO if 300 <= status < 400 or code in _QUIET else logging.WARNING


def _log(event: SecurityEvent) -> None:
    level = _level(event.status, event.code)
    extra = {"netguard": event}
    if not event.method:  # told by code or a store, about no request
        return logger.log(level, "%s [%s]", event.detail, event.code, extra=extra)
    verb = "noticed" if event.status < 300 else "refused" if event.enforced else "would refuse"
    line = "%s %r %r from %s: %s [%s]"  # %r: what a client wrote must not forge a log line
    return logger.log(level, line, verb, event.method, event.path, event.client, event.detail, event.code, extra=extra)
