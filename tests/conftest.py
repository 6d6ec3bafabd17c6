"""What every test shares: certificates, the parts outside Python, and the logs of servers when a test fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator

import pytest
from hypothesis import settings

from support import servers
from support.certificates import Certificate, issue
from support.outside import MISSING, PARTS, require

# A shared machine stalls for longer than any example runs: a deadline would fail at random.
settings.register_profile("netguard", deadline=None)
settings.load_profile("netguard")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For localhost, 127.0.0.1, ::1, booking.example with its subdomains, and evil.example."""
    names = ("localhost", "127.0.0.1", "::1", "booking.example", "*.booking.example", "evil.example")
    return issue(tmp_path_factory.mktemp("tls"), *names)


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked ``anyio`` run on asyncio."""
    return "asyncio"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for part in mark.args:
            require(part)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += [(f"log of {process.name}", process.log()) for process in servers.RUNNING]
    return report


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List at the very end what was skipped for want of an outside part, and how to get it."""
    missing = Counter(
        name
        for report in terminalreporter.stats.get("skipped", [])
        for name in PARTS
        if isinstance(report.longrepr, tuple) and report.longrepr[2] == f"Skipped: {MISSING}{name}"
    )
    for name, tests in missing.items():
        terminalreporter.write_line(f"skipped {tests} for want of {name}; to get it: {PARTS[name].get}")
