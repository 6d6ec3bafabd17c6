"""The pages of what the policy refuses: what happened, and what a visitor can do about it."""

from math import ceil

import jinja2

from netguard.messages import Request
from netguard.refusals import Words

from . import TEMPLATES

UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
)


def refusal_page(request: Request, words: Words) -> tuple[str, str]:
    """A page for browsers, a sentence for programs: an entry of ``Policy(on_refusal=...)``."""
    if b"text/html" not in (request.headers.get(b"accept") or b""):
        return "text/plain; charset=utf-8", f"{words.sentence}\n"
    page = _templates.get_template("refused.html")
    values = {"code": words.code, "sentence": words.sentence, "wait": in_words(words.wait)}
    return "text/html; charset=utf-8", page.render(values, member=None, flash=None, error=None)


def in_words(seconds: int) -> str:
    """A wait in the largest unit that it fills, rounded up; empty where there is none."""
    if seconds <= 0:
        return ""
    unit, size = next((pair for pair in UNITS if seconds >= pair[1]), UNITS[-1])
    count = ceil(seconds / size)
    return f"{count} {unit}{'s' if count > 1 else ''}"
