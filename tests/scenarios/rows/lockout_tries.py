"""Lockouts: which requests are tries and whose, and what proves that one succeeded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from netguard import basic, form, json_field, redirected, status
from scenarios.row import Answer, Ask, Expect, Row
from scenarios.rows.lockout import ANN, FAILED, FORM, NEW, SAME, WRONG, forgotten, guarded, locked, login, row

JSON = "Content-Type: application/json"


def sent(body: bytes, *fields: str) -> Ask:
    """A body that is sent to the login."""
    return Ask(method="POST", target=b"/login", body=[body], fields=[SAME, *fields])


def credentials(text: str, *fields: str) -> Ask:
    """A request with Basic credentials."""
    coded = b64encode(text.encode()).decode()
    return Ask(target=b"/api", fields=[f"Authorization: Basic {coded}", *fields])


BASIC = {"on": "/api", "username": basic, "success": status(200)}
JSONS = {"username": json_field("user.name")}
EITHER = {"username": [form("username"), json_field("username")]}
HOME = Answer(status=303, fields=["Location: /home"], reads=True)
BACK = Answer(status=303, fields=["Location: /login?again=1"], reads=True)
AROUND = Answer(status=302, fields=["Location: https://booking.example//x/../%6Cogin/"], reads=True)
HELP = Answer(status=302, fields=["Location: /help/locked"], reads=True)

ROWS: Sequence[Row] = (
    # What proves a login.
    row("redirected/away", guarded(success=redirected()), ANN, Expect(
        status=303, events=NEW, runs=4), ANN, ANN, ANN, answer=HOME),
    row("redirected/back", guarded(success=redirected()), ANN, locked(), ANN, ANN, answer=BACK),
    row("redirected/back-in-another-spelling", guarded(success=redirected()), ANN, locked(), ANN, ANN, answer=AROUND),
    row("redirected/to-where-failures-go", guarded(success=redirected(away_from=["/help/*"])), ANN, locked(), ANN, ANN,
        answer=HELP),
    row("redirected/not-at-all", guarded(success=redirected()), ANN, locked(), ANN, ANN),
    row("redirected/but-the-view-says-no", guarded(success=redirected()), WRONG, locked(), WRONG, WRONG,
        answer=Answer(status=303, fields=["Location: /home"], reads=True, logs_in=True)),
    row("status", guarded(success=status(200)), ANN, Expect(events=NEW, runs=4), ANN, ANN, ANN),
    row("status/another", guarded(success=status(204)), ANN, locked(), ANN, ANN),
    row("callable", guarded(success=lambda request, answer: answer.headers.get("x-in") == "1"), ANN,
        Expect(events=NEW, runs=3), ANN, ANN, answer=Answer(fields=["X-In: 1"], reads=True)),
    # What is a try.
    row("by/basic", guarded(**BASIC), credentials("ann:x"), locked(), credentials("ann:y"), credentials("ann:z"),
        answer=Answer(status=401)),
    row("by/basic/right", guarded(**BASIC), credentials("ann:x"),
        Expect(events=["lockout.succeeded"], runs=4, that=[forgotten]), *[credentials("ann:x")] * 3, answer=Answer()),
    row("by/basic/none-is-no-try", guarded(**BASIC), Ask(target=b"/api"), Expect(status=401, runs=5), times=5,
        answer=Answer(status=401)),
    row("by/basic/another-scheme-is-no-try", guarded(**BASIC), Ask(target=b"/api", fields=["Authorization: Bearer x"]),
        Expect(status=401, runs=5), times=5, answer=Answer(status=401)),
    row("by/basic/broken", guarded(**BASIC), Ask(target=b"/api", fields=["Authorization: Basic ann"]),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/basic/twice", guarded(**BASIC), credentials("ann:x", "Authorization: Basic Ym9iOng="),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/callable/a-page-is-no-try", guarded(on="/login", username=lambda request: None), Ask(target=b"/login"),
        Expect(runs=5), times=5),
    row("by/callable/what-names-somebody-is", guarded(on="/login", username=lambda request: request.query.decode()),
        Ask(target=b"/login?ann"), locked(), times=3),
    row("by/json", guarded(**JSONS), sent(b'{"user": {"name": "ann"}}', JSON), locked(), times=3),
    row("by/json/twice", guarded(**JSONS), sent(b'{"user": {"name": "ann", "name": "b"}}', JSON),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/json/no-string", guarded(**JSONS), sent(b'{"user": {"name": 12}}', JSON),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/json/nested", guarded(**JSONS), sent(b'{"user": {"name": {"name": "ann"}}}', JSON),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/either", guarded(**EITHER), sent(b'{"username": "ann"}', JSON), locked(), ANN, ANN),
    row("by/form/twice", guarded(), sent(b"username=ann&username=bob", FORM),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/form/missing-is-one-for-all", guarded(), sent(b"password=x", FORM), locked(), times=3),
    row("by/form/empty-is-the-same-one", guarded(), sent(b"username=", FORM), locked(), sent(b"a=b", FORM),
        sent(b"username=%20", FORM)),
    row("by/form/of-another-type-is-the-same-one", guarded(), sent(b"username=ann"), locked(), times=3),
    row("by/form/broken-multipart", guarded(), sent(b"--b\r\n", "Content-Type: multipart/form-data; boundary=b"),
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    row("by/form/too-large", guarded(), sent(b"username=" + b"a" * 65_536, FORM),
        Expect(status=413, reached=False, events=["body.too-large"])),
    row("by/form/a-nul", guarded(), sent(b"username=a%00nn", FORM), locked(), ANN, sent(b"username=ann%00", FORM)),
    row("by/form/another-case", guarded(), login("ANN"), locked(), ANN, login("Ann")),
    row("by/form/look-alikes", guarded(), login("%EF%BD%81nn"), locked(), ANN, login("%20ann%E2%80%8B")),
    row("by/form/what-collations-ignore", guarded(), login("ann%EF%B8%8F"), locked(), login("%E1%85%9Fann"),
        login("an%CD%8Fn")),
    row("by/form/a-mark-behind-a-joiner", guarded(), login("%C3%A1nn"), locked(), login("a%E2%80%8B%CC%81nn"),
        login("a%CD%8F%CC%81nn")),
    row("by/form/the-page-is-no-try", guarded(on="/login"), Ask(target=b"/login"), Expect(runs=5), times=5),
    row("by/form/another-spelling-of-the-path", guarded(), login("ann", target=b"/login/"), locked(), ANN, ANN),
    row("the-app-reads-the-body", guarded(), ANN, Expect(
        events=FAILED, seen={"body": b"username=ann&password=wrong"})),
)  # fmt: skip
