"""A body that a rule needs: bounded, read once, and given to the app exactly as it was sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from netguard.plan import Plan
from scenarios.fakes import FakeRule, FakeStore, plan
from scenarios.row import Answer, Ask, Expect, Row, refused

READS = Answer(reads=True)
FULL = bytes(range(256)) * 256  # 65,536 bytes
LIMIT = 65_536


def needing(left: int = 1, mode: Literal["enforce", "report"] = "enforce") -> Callable[[], Plan]:
    return lambda: plan(FakeRule(reads_body=True, mode=mode), store=FakeStore(left=left))


def post(*pieces: bytes, length: Literal["known", "chunked", "unsaid"] | int = "known", leaves: bool = False) -> Ask:
    return Ask(method="POST", target=b"/counted", body=pieces, length=length, leaves=leaves)


def said(length: str) -> Ask:
    return Ask(method="POST", target=b"/counted", fields=[f"Content-Length: {length}"])


def bytewise(body: bytes) -> Sequence[bytes]:
    return [bytes([byte]) for byte in body]


def row(key: str, ask: Ask, expect: Expect, *needs: str, policy: Callable[[], Plan] | None = None) -> Row:
    return Row(id=f"bodies/{key}", policy=policy or needing(), ask=ask, answer=READS, expect=expect, needs=needs)


def passes(body: bytes, *codes: str) -> Expect:
    return Expect(seen={"body": body}, events=codes, enforced=False)


ROWS: tuple[Row, ...] = (
    row("small", post(b"name=ann"), passes(b"name=ann")),
    row("empty", post(), passes(b"")),
    row("every-byte", post(bytes(range(256))), passes(bytes(range(256)))),
    row("slow-byte-by-byte", post(*bytewise(FULL[:2048])), passes(FULL[:2048])),
    row("65536-in-one-piece", post(FULL), passes(FULL)),
    row("65536-in-pieces", post(FULL[:1], FULL[1:40_000], FULL[40_000:]), passes(FULL)),
    row("65537-in-one-piece", post(FULL + b"!"), refused(413, "body.too-large")),
    row("65537-in-pieces", post(FULL, b"!"), refused(413, "body.too-large")),
    row("65537-byte-by-byte", post(*bytewise(FULL), b"!"), refused(413, "body.too-large")),
    row("far-too-large", post(*[FULL] * 20), refused(413, "body.too-large")),
    row("with-empty-pieces", post(b"", b"a", b"", b"b", length=2), passes(b"ab"), "empty pieces"),
    row("chunked", post(b"a", b"b", length="chunked"), passes(b"ab"), "chunked body"),
    row("chunked-65536", post(FULL, length="chunked"), passes(FULL), "chunked body"),
    row("chunked-65537", post(FULL, b"!", length="chunked"), refused(413, "body.too-large"), "chunked body"),
    row("without-length", post(b"a", b"b", length="unsaid"), passes(b"ab"), "chunked body"),
    row("disconnect-in-the-middle", post(b"a", leaves=True), Expect(status=0, reached=False), "disconnect"),
    row("disconnect-at-once", post(leaves=True), Expect(status=0, reached=False), "disconnect"),
    row("not-on-other-routes", Ask(method="POST", body=[FULL, FULL]), passes(FULL + FULL)),
    row("rule-cannot-read-it", post(b"unreadable"), refused(400, "fake.unreadable")),
    row("nothing-to-count", post(b"nothing"), passes(b"nothing")),
    row(
        "rule-refuses",
        post(b"a"),
        refused(429, "fake.refused", headers={"Retry-After": "7"}),
        policy=needing(left=-1),
    ),
    row("report/rule-refuses", post(b"a"), passes(b"a", "fake.refused"),
        policy=lambda: plan(FakeRule(reads_body=True, mode="report"), store=FakeStore(left=-1, ok=lambda _: True))),
    row("report/rule-cannot-read-it", post(b"unreadable"), passes(b"unreadable", "fake.unreadable"),
        policy=needing(mode="report")),
    # Shadow mode only tells: a body that it cannot judge goes on whole.
    row("report/too-large", post(FULL, b"!"), passes(FULL + b"!", "body.too-large"), policy=needing(mode="report")),
    row("report/chunked-too-large", post(FULL, b"!", length="chunked"), passes(FULL + b"!", "body.too-large"),
        "chunked body", policy=needing(mode="report")),
    row("report/wsgi/chunked", post(b"a", length="chunked"), passes(b"", "body.no-length"), "lengths",
        policy=needing(mode="report")),
    row("report/wsgi/short", post(b"abc", length=10), passes(b"abc", "body.cut-short"), "lengths",
        "short body",
        policy=needing(mode="report")),
    # A server may wait for ever where the stream's end is unknown, so that it is not touched.
    row("wsgi/without-length-is-never-read", post(b"a", length="unsaid"), passes(b""), "lengths"),
    row("wsgi/chunked", post(b"a", length="chunked"), refused(411, "body.no-length"), "lengths"),
    row("wsgi/short", post(b"abc", length=10), refused(400, "body.cut-short"), "lengths"),
    row("wsgi/longer-than-said", post(b"abcdef", length=3), passes(b"abc"), "lengths"),
    row("wsgi/too-large-is-not-even-read", said(str(LIMIT + 1)), refused(413, "body.too-large"), "lengths"),
    row("wsgi/length-of-5000-digits", said("9" * 5000), refused(413, "body.too-large"), "lengths"),
    row("wsgi/length-negative", said("-1"), refused(411, "body.no-length"), "lengths"),
    row("wsgi/length-junk", said("ten"), refused(411, "body.no-length"), "lengths"),
    row("wsgi/length-zero", said("0"), passes(b""), "lengths"),
)  # fmt: skip
