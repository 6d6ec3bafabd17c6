"""The nonce and the request token in Django's templates, made where they are written out and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netguard.errors import NetguardError
from netguard.exchange import Exchange
from netguard.templates import CsrfField, CsrfToken, Nonce

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


def csrf_token(request: HttpRequest) -> dict[str, CsrfField | CsrfToken]:
    """A context processor: ``{{ netguard_csrf_field }}`` is a form's hidden input with this response's token,
    ``{{ netguard_csrf_token }}`` the bare token. Django's own ``{{ csrf_token }}`` is another's and stays.
    """
    field, token = CsrfField(lambda: exchange_of(request)), CsrfToken(lambda: exchange_of(request))
    return {"netguard_csrf_field": field, "netguard_csrf_token": token}
