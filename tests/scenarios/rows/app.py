"""What the app does: raises, streams, reads its body; nothing of it is buffered, and nothing is lost."""

from __future__ import annotations

from netguard import Policy
from scenarios.row import Answer, AppError, Ask, Expect, Row
from scenarios.rows.headers import WEB

POLICY = Policy(hosts=["booking.example"])
BYTE_BY_BYTE = [bytes([byte]) for byte in range(256)]
CRASH = Answer(raises="at once")

ROWS: tuple[Row, ...] = (
    Row(
        id="app/raises-asgi",
        policy=POLICY,
        answer=CRASH,
        expect=Expect(status=500, headers={**WEB, "Cache-Control": "no-store"}, events=["app.exception"],
                      raises=AppError),
        needs=["raises out"],
    ),
    Row(
        id="app/raises-wsgi",
        policy=POLICY,
        answer=CRASH,
        expect=Expect(status=500, headers={**WEB, "Cache-Control": "no-store"}, events=["app.exception"]),
        needs=["answers"],
    ),
    Row(
        id="app/raises-after-the-start",
        policy=POLICY,
        answer=Answer(raises="amid", chunks=[b"one", b"two"]),
        expect=Expect(status=200, headers=WEB, body=b"one", raises=AppError),
    ),
    Row(
        id="app/raises-in-development",
        policy=Policy.development(hosts=["booking.example"]),
        ask=Ask(peer="127.0.0.1"),
        answer=CRASH,
        expect=Expect(status=0, raises=AppError),
        needs=["debugging page of its own"],
    ),
    Row(
        id="app/body-untouched",
        policy=POLICY,
        ask=Ask(method="POST", body=[b"a" * 70_000, b"b"]),
        answer=Answer(reads=True),
        expect=Expect(seen={"body": b"a" * 70_000 + b"b"}),
    ),
    Row(
        id="app/body-byte-by-byte",
        policy=POLICY,
        ask=Ask(method="POST", body=BYTE_BY_BYTE),
        answer=Answer(reads=True),
        expect=Expect(seen={"body": bytes(range(256))}),
    ),
    Row(
        id="app/body-not-asked-for-is-not-read",
        policy=POLICY,
        ask=Ask(method="POST", body=[b"x"], length="unsaid"),
        expect=Expect(),
    ),
    Row(
        id="app/chunks-are-handed-on-one-by-one",
        policy=POLICY,
        answer=Answer(chunks=[b"one", b"two", b"three"]),
        expect=Expect(that=[lambda outcome: [c for c in outcome.chunks if c] == [b"one", b"two", b"three"]]),
    ),
    Row(id="app/no-content", policy=POLICY, answer=Answer(status=204, fields=(), chunks=()), expect=Expect(status=204)),
    Row(
        id="app/path-query-and-root-are-the-app's",
        policy=POLICY,
        ask=Ask(target=b"/club/caf%C3%A9?x=%20", root="/club"),
        expect=Expect(seen={"path": "/caf\xe9"}),
    ),
)  # fmt: skip
