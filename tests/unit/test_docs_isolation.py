"""The page about isolation in the docs: its policy runs, and does what the page's table says."""

from __future__ import annotations

import pytest

from netguard.explanation import asked, explain
from support.docs import blocks, run

PAGE = "how-to/isolation.md"
CROSS = {"Sec-Fetch-Site": "cross-site"}
LINK = {**CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FETCH = {**CROSS, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


@pytest.mark.parametrize(
    ("line", "headers", "code"),
    [
        pytest.param("GET /bookings/7", {"Sec-Fetch-Site": "same-site"}, None, id="sister-site"),
        pytest.param("GET /bookings/7", LINK, None, id="link"),
        pytest.param("GET /bookings/7", {**LINK, "Sec-Fetch-Dest": "iframe"}, "isolation.cross-site", id="frame"),
        pytest.param("GET /bookings", FETCH, "isolation.cross-site", id="fetch"),
        pytest.param("GET //bookings/7", FETCH, "isolation.cross-site", id="spelling"),
        pytest.param("GET /x/..%2Fbookings/7", FETCH, "isolation.cross-site", id="another-spelling"),
        pytest.param("OPTIONS /api/x", {**FETCH, "Origin": "https://pay.example"}, None, id="trusted-preflight"),
        pytest.param("GET /bookings/7", {}, None, id="no-headers"),
    ],
)
def test_the_policy_of_the_page(line: str, headers: dict[str, str], code: str | None) -> None:
    policy = run(PAGE, blocks(PAGE))["policy"]
    assert explain(policy, asked(policy, line, {"Host": "booking.example", **headers})).decided_by == code
