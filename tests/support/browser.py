"""A real Chromium, driven by Playwright.

``with open_browser(cert=certificate, resolve={"booking.example:443": server.port}) as browser: ...``
Keep it open for a module at most: Playwright's synchronous API holds an event loop in its thread meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from support.certificates import Certificate
from support.outside import require

_QUIET = [
    "--no-sandbox",  # in containers there is none to be had
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def open_browser(
    *, cert: Certificate | None = None, resolve: Mapping[str, int] | None = None, args: Sequence[str] = ()
) -> Iterator[Browser]:
    """Chromium with a new profile that trusts ``cert`` and otherwise judges certificates as ever.

    ``resolve`` maps names, or ``name:port``, to ports on loopback: pages then keep real-looking addresses.
    """
    trusted = [f"--ignore-certificate-errors-spki-list={cert.spki}"] if cert else []
    rules = ",".join(f"MAP {name} 127.0.0.1:{port}" for name, port in (resolve or {}).items())
    mapped = [f"--host-resolver-rules={rules}"] if rules else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=require("chromium"), args=[*_QUIET, *trusted, *mapped, *args]
        )
        try:
            yield browser
        finally:
            browser.close()
