"""MDN HTTP Observatory's own scanner grades the booking apps."""

from __future__ import annotations

import pytest

from support.observatory import scan

from .conftest import NAME, Service


@pytest.mark.needs("observatory")
def test_a_booking_app_gets_a_plus_with_at_least_120(service: Service) -> None:
    graded = scan(NAME, https=service.https, http=service.http, cert=service.cert)
    print(f"HTTP Observatory: {graded.grade}, {graded.score}")
    assert not graded.deductions()
    assert graded.grade == "A+"
    assert graded.score >= 120
