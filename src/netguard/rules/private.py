"""The development preset's guard: a debugging server answers its own network only."""

from __future__ import annotations

from netguard.messages import Refusal, Request
from netguard.networks import PRIVATE, NetworkSet


class PrivatePeers:
    """Refuse clients outside the loopback and private ranges (RFC 1918, RFC 4193, RFC 4291)."""

    __slots__ = ("_networks",)

    def __init__(self) -> None:
        self._networks = NetworkSet(PRIVATE)

    def check(self, request: Request) -> Refusal | None:
        """Pass private clients, and test clients, which have no address at all."""
        client = request.client
        if client in self._networks or (client is None and not request.proxied):
            return None
        detail = f"Policy.development() answers private addresses only, not {client}: use Policy.web(), or open=True"
        return Refusal("development", "development.public", 403, detail)
