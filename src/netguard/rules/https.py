"""HTTPS only: redirect plain http to an allowed host, or refuse it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Final, Literal

from netguard.checks import listing, one_of, section, whole
from netguard.errors import ConfigError
from netguard.messages import Refusal, Request
from netguard.patterns import PatternMap
from netguard.rules import Mode
from netguard.rules.hosts import LOCAL, Hosts

_UNSAFE_BYTE: Final = re.compile(rb"[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7c\x7e]")


@section
class HTTPS:
    """Redirect http to https with ``status`` (RFC 9110, 15.4.9: 308 keeps the method and the body).

    ``status=301`` applies to GET and HEAD, other methods still get 308. ``refuse`` lists patterns (or ``True`` for
    everything) that are answered 403 instead, as API clients should never have sent their secrets in the clear.
    ``ports`` maps http ports to https ports; an unlisted one goes to 443. WebSockets are refused, not redirected.
    """

    status: Literal[308, 301] = 308
    refuse: Sequence[str] | bool = ()
    ports: Mapping[int, int] = field(default_factory=dict)
    mode: Mode = "enforce"

    def __post_init__(self) -> None:
        one_of("HTTPS.status", self.status, (308, 301))
        one_of("HTTPS.mode", self.mode, ("enforce", "report"))
        if not isinstance(self.refuse, bool):
            PatternMap(
                "HTTPS.refuse", [(text, True) for text in listing("HTTPS.refuse", self.refuse, str)], guarding=True
            )
        if not isinstance(self.ports, Mapping):
            raise ConfigError(f"HTTPS.ports: write a mapping as in {{8080: 8443}}, not {self.ports!r}")
        if any(plain == secure for plain, secure in self.ports.items()):
            raise ConfigError(
                f"HTTPS.ports: {dict(self.ports)!r} leads a port to itself: map http ports to https ports"
            )
        for port in (*self.ports, *self.ports.values()):
            whole("HTTPS.ports", port, 1, 65535)

    def rule(self, hosts: Hosts) -> Callable[[Request], Refusal | None]:
        """The check of this section for the hosts that may be redirected to."""
        return _Rule(self, hosts).check


class _Rule:
    __slots__ = ("_hosts", "_ports", "_refuse", "_refuse_all", "_status")

    def __init__(self, config: HTTPS, hosts: Hosts) -> None:
        self._hosts = hosts
        self._ports = dict(config.ports)
        self._status = config.status
        self._refuse_all = config.refuse is True
        patterns = () if isinstance(config.refuse, bool) else config.refuse
        self._refuse = PatternMap("HTTPS.refuse", [(text, True) for text in patterns], guarding=True)

    def check(self, request: Request) -> Refusal | None:
        if request.scheme == "https":
            return None
        unlisted = not self._hosts.patterns
        if unlisted and request.host in LOCAL:
            return None
        if request.kind == "websocket":
            return _refused("https.websocket", "a WebSocket over plain http is refused, not redirected: use wss")
        if unlisted:
            return _refused(
                "https.no-hosts", "without hosts there is no safe place to redirect to: list yours in hosts"
            )
        if self._refuse_all or self._refuse.match(request.method, request.path):
            return _refused("https.refused", "this path answers over https only (HTTPS.refuse)")
        return self._redirect(request)

    def _redirect(self, request: Request) -> Refusal:
        port = self._ports.get(request.port or 80, 443)
        host = request.host
        if host is None or not self._hosts.allow(host, None if port == 443 else port, "https"):
            return _refused("https.no-port", f"{host}:{port} is not in hosts: map the port with HTTPS(ports={{...}})")
        status = 301 if self._status == 301 and request.method in {"GET", "HEAD"} else 308
        location = b"https://%s%s" % (_authority(host, port), _rest(request))
        headers = ((b"location", location), (b"cache-control", b"no-store"))
        return Refusal("https", "https.redirect", status, "redirected to https", headers)


def _authority(host: str, port: int) -> bytes:
    return (host if port == 443 else f"{host}:{port}").encode("ascii")


def _rest(request: Request) -> bytes:
    query = b"?" + request.query if request.query else b""
    path = request.target.partition(b"?")[0] if request.target.startswith(b"/") else b"/"  # "*" and absolute forms
    return _UNSAFE_BYTE.sub(lambda found: b"%%%02X" % found[0][0], path + query)


def _refused(code: str, detail: str) -> Refusal:
    return Refusal("https", code, 403, detail, ((b"cache-control", b"no-store"),))
