"""``{% load netguard %}`` and ``{% csp_nonce %}``: the nonce without a context processor."""

from __future__ import annotations

from django import template
from django.template import Context

from netguard.django.nonce import exchange_of

register = template.Library()


@register.simple_tag(takes_context=True)
def csp_nonce(context: Context) -> str:
    """The nonce of the response that is being rendered; the template needs ``request`` in its context."""
    if "request" not in context:
        raise template.TemplateSyntaxError(
            "csp_nonce: there is no 'request' in the context: render with render(request, ...), or add "
            "'django.template.context_processors.request' to the context processors"
        )
    return exchange_of(context["request"]).nonce
