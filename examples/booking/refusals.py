"""The pages of what the policy refuses: what happened, and what a visitor can do about it."""

from math import ceil

import jinja2

from netguard.messages import Request
from netguard.refusals import Words

from . import TEMPLATES
from .errors import sentence_for

HTML = "text/html; charset=utf-8"
UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
)


def refusal_page(request: Request, words: Words) -> tuple[str, str]:
    """A page for browsers, a sentence for programs: an entry of ``Policy(on_refusal=...)``.

    What the policy hides looks as what is not there.
    """
    if words.status == 404:
        return HTML, _filled("error.html", status=404, heading=sentence_for(404))
    if b"text/html" not in (request.headers.get(b"accept") or b""):
        return "text/plain; charset=utf-8", f"{words.sentence}\n"
    return HTML, _filled("refused.html", code=words.code, sentence=words.sentence, wait=in_words(words.wait))


def _filled(template: str, **values: object) -> str:
    return _templates.get_template(template).render(values, member=None, flash=None, error=None)


def in_words(seconds: int) -> str:
    """A wait in the largest unit that it fills, rounded up; empty where there is none."""
    if seconds <= 0:
        return ""
    unit, size = next((pair for pair in UNITS if seconds >= pair[1]), UNITS[-1])
    count = ceil(seconds / size)
    return f"{count} {unit}{'s' if count > 1 else ''}"
