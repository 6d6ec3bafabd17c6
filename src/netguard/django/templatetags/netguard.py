"""``{% load netguard %}``: the nonce and the request token without a context processor."""

from __future__ import annotations

from django import template
from django.template import Context

from netguard.django.nonce import exchange_of
from netguard.exchange import Exchange
from netguard.templates import CsrfField

register = template.Library()


@register.simple_tag(takes_context=True)
def csp_nonce(context: Context) -> str:
    """The nonce of the response that is being rendered; the template needs ``request`` in its context."""
    return _exchange("csp_nonce", context).nonce


@register.simple_tag(takes_context=True)
def netguard_csrf_token(context: Context) -> str:
    """A token of the response that is being rendered, for scripts; ``request`` as above."""
    return _exchange("netguard_csrf_token", context).csrf_token


@register.simple_tag(takes_context=True)
def netguard_csrf_field(context: Context) -> str:
    """A form's hidden input with such a token; it may stand beside Django's ``{% csrf_token %}``."""
    exchange = _exchange("netguard_csrf_field", context)
    return str(CsrfField(lambda: exchange))


def _exchange(tag: str, context: Context) -> Exchange:
    if "request" not in context:
        raise template.TemplateSyntaxError(
            f"{tag}: there is no 'request' in the context: render with render(request, ...), or add "
            "'django.template.context_processors.request' to the context processors"
        )
    return exchange_of(context["request"])
