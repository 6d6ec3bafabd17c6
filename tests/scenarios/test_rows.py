"""Every row of the table in every driver that can express it."""

from __future__ import annotations

import pytest

from scenarios.check import check
from scenarios.drivers import DRIVERS, LACKS, needs, pairs
from scenarios.rows import ROWS


@pytest.mark.parametrize(("driver", "row"), pairs(ROWS))
def test_row(driver: str, row: str) -> None:
    check(ROWS[row], DRIVERS[driver](ROWS[row]))


def test_every_row_runs_somewhere_and_every_exclusion_is_used() -> None:
    assert {row for _, row in pairs(ROWS)} == ROWS.keys()
    asked = {need for row in ROWS.values() for need in needs(row)}
    assert asked == {need for lacks in LACKS.values() for need in lacks}
