"""The development preset's guard: a debugging server answers its own network only."""

from __future__ import annotations

from typing import Final

from netguard.messages import Refusal, Request
from netguard.networks import NetworkSet

_PRIVATE: Final = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1", "fc00::/7", "fe80::/10",
)  # fmt: skip


class PrivatePeers:
    """Refuse clients outside the loopback and private ranges (RFC 1918, RFC 4193, RFC 4291)."""

    __slots__ = ("_networks",)

    def __init__(self) -> None:
        self._networks = NetworkSet(_PRIVATE)

    def check(self, request: Request) -> Refusal | None:
        """Pass private clients, and test clients, which have no address at all."""
        client = request.client
        if client in self._networks or (client is None and not request.proxied):
            return None
        detail = f"Policy.development() answers private addresses only, not {client}: use Policy.web(), or open=True"
        return Refusal("development", "development.public", 403, detail)
