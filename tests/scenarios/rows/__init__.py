"""The table, by subject."""

from __future__ import annotations

from typing import Final

from scenarios.row import Row
from scenarios.rows import (
    app,
    areas,
    bodies,
    cookie_rules,
    cookies,
    csp,
    csp_reports,
    csp_twins,
    exempt,
    headers,
    hosts,
    https,
    isolation,
    limits,
    limits_beside,
    limits_unread,
    limits_user,
    lockout,
    lockout_attacks,
    lockout_tries,
    order,
    origin,
    presets,
    proxies_forwarded,
    proxies_trusted,
    proxies_untrusted,
    tenants,
    token,
    token_shown,
    websocket,
)

_SUBJECTS = (
    app,
    areas,
    bodies,
    cookie_rules,
    cookies,
    csp,
    csp_reports,
    csp_twins,
    exempt,
    headers,
    hosts,
    https,
    isolation,
    limits,
    limits_beside,
    limits_unread,
    limits_user,
    lockout,
    lockout_attacks,
    lockout_tries,
    order,
    origin,
    presets,
    proxies_forwarded,
    proxies_trusted,
    proxies_untrusted,
    tenants,
    token,
    token_shown,
    websocket,
)
ROWS: Final[dict[str, Row]] = {row.id: row for subject in _SUBJECTS for row in subject.ROWS}

if len(ROWS) != sum(len(subject.ROWS) for subject in _SUBJECTS):
    raise ValueError("two rows have one id")
