"""The nonce in Django's templates, made where it is written out and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netguard.errors import NetguardError
from netguard.exchange import Exchange
from netguard.templates import Nonce

if TYPE_CHECKING:
    from django.http import HttpRequest


def exchange_of(request: HttpRequest) -> Exchange:
    """The exchange of a request; NetguardError with the mend where it did not pass netguard."""
    exchange: Exchange | None = getattr(request, "netguard", None)
    if exchange is None:
        raise NetguardError(
            "netguard: this request did not pass it: put 'netguard.django.NetguardMiddleware' first in MIDDLEWARE, "
            "and call views through django.test.Client"
        )
    return exchange


def csp_nonce(request: HttpRequest) -> dict[str, Nonce]:
    """A context processor: ``{{ csp_nonce }}`` is this response's nonce, made where a template writes it out."""
    return {"csp_nonce": Nonce(lambda: exchange_of(request))}
