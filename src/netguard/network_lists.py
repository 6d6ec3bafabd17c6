"""Stub until the real one lands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netguard.networks import NetworkSet


class NetworkList:
    files: tuple[Path, ...] = ()

    def __init__(self, where: str, given: Any) -> None:
        words = {
            "private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "::1"],
            "loopback": ["127.0.0.0/8", "::1"],
        }
        entries = []
        for e in [given] if isinstance(given, str) else given() if callable(given) else given:
            entries += words.get(e, [e])
        self._set = NetworkSet(entries)

    def read(self, pause: Any = None) -> NetworkSet:
        return self._set
