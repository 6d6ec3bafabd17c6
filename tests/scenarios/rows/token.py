"""The request token: who must bring one, where, and what it must fit."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Cookies, Origin, Policy
from netguard.cookies import CookieRule
from netguard.plan import Plan
from netguard.tokens import Tokens
from scenarios.fakes import FakeRule, FakeStore
from scenarios.row import Answer, Ask, Expect, Outcome, Row, refused

HOSTS = ["booking.example", "localhost:*"]
SECRET, OLD, OTHER = "s" * 32, "o" * 32, "x" * 32
OURS, OLDS, OTHERS = Tokens([SECRET]), Tokens([OLD]), Tokens([OTHER])
ROLLING = Tokens([OTHER, SECRET])  # of a server that knows the next secret already
VALUE, EVIL_VALUE = b"v" * 24, b"e" * 24  # of the visitor's cookie, and of one that the attacker got from us too
HIDDEN = "__Host-netguard-csrf"


def policy(origin: Origin | None = None, **keywords: object) -> Policy:
    settled: dict[str, object] = {"hosts": HOSTS, "secrets": [SECRET], "origin": origin or Origin(token=True)}
    return Policy(**{**settled, **keywords})  # type: ignore[arg-type]  # checked there


def cookie(tokens: Tokens = OURS, value: bytes = VALUE, name: str = HIDDEN) -> str:
    return f"{name}={tokens.signed(value)}"


def cookies(*pairs: str) -> str:
    return "Cookie: " + "; ".join(pairs)


def given(*fields: str) -> Ask:
    return Ask(fields=fields)


def header(tokens: Tokens = OURS, bound: bytes = VALUE) -> str:
    return f"X-CSRF-Token: {tokens.token(bound)}"


POLICY = policy()
SESSION = policy(Origin(token=True, session="sid"))
RENAMED = policy(Origin(token=True, session="sid"), cookies=Cookies(rules={"sid": CookieRule(prefix="host")}))
PREFIXED = policy(Origin(token=True, session="__Host-sid"), cookies=Cookies(prefix="host"))
ROTATED = policy(secrets=[SECRET, OLD])
BYPASSING = policy(Origin(token=True, bypass=["POST /hooks/{id}"]))
AMBIENT = policy(Origin(token=True, ambient_only=True))
PLAIN = policy(https=False)
REPORT = policy(Origin(token=True, mode="report"))
OWN, TOKEN = cookies(cookie()), header()
SPOILT = OURS.token(VALUE)[:-1] + "!"
SESSIONS = header(bound=VALUE + b"; 1")
SAME, NONE_SITE, CROSS = (f"Sec-Fetch-Site: {site}" for site in ("same-origin", "none", "cross-site"))
OWN_ORIGIN = "Origin: https://booking.example"

MISSING, INVALID, UNREADABLE = "token.missing", "token.invalid", "token.unreadable"

# header lines of a POST without a body -> the reason code, or "" where it passes
POSTS: dict[str, tuple[Policy, list[str], str]] = {
    "in-the-header": (POLICY, [OWN, TOKEN], ""),
    "nothing-at-all": (POLICY, [], MISSING),
    "cookie-alone": (POLICY, [OWN], MISSING),
    "empty-header": (POLICY, [OWN, "X-CSRF-Token: "], MISSING),
    "token-alone": (POLICY, [TOKEN], INVALID),
    "spoilt": (POLICY, [OWN, f"X-CSRF-Token: {SPOILT}"], INVALID),
    "not-ascii": (POLICY, [OWN, "X-CSRF-Token: " + "\xe9" * 64], INVALID),
    "the-cookie's-own-text": (POLICY, [OWN, f"X-CSRF-Token: {OURS.signed(VALUE)}"], INVALID),
    "of-another-secret": (POLICY, [OWN, header(OTHERS)], INVALID),
    "attacker's-token": (POLICY, [OWN, header(bound=EVIL_VALUE)], INVALID),
    "cookie-of-another-secret": (POLICY, [cookies(cookie(OTHERS)), TOKEN], INVALID),
    "cookie-that-nobody-signed": (POLICY, [cookies(f"{HIDDEN}={'A' * 64}"), TOKEN], INVALID),
    "cookie-without-its-prefix": (POLICY, [cookies(cookie(name="netguard-csrf")), TOKEN], INVALID),
    "cookie-among-others": (POLICY, [cookies("a=1", cookie(), "b=2"), TOKEN], ""),
    "forged-cookie-beside-the-own": (POLICY, [cookies(f"{HIDDEN}={'A' * 64}", cookie()), TOKEN], ""),
    # An attacker's pair is validly signed: planted beside the visitor's cookie, it must not be the one that counts.
    "tossed-cookie-beside-the-own": (
        POLICY,
        [cookies(cookie(value=EVIL_VALUE), cookie()), header(bound=EVIL_VALUE)],
        INVALID,
    ),
    "same-origin-needs-none": (POLICY, [SAME], ""),
    "by-the-user-needs-none": (POLICY, [NONE_SITE], ""),
    "own-origin-needs-none": (POLICY, [OWN_ORIGIN], ""),
    "a-header-that-passes-decides-alone": (POLICY, [SAME, OWN, f"X-CSRF-Token: {SPOILT}"], ""),
    "a-header-that-refuses-decides-alone": (POLICY, [CROSS, OWN, TOKEN], "origin.cross-site"),
    "foreign-origin-decides-alone": (POLICY, ["Origin: https://evil.example", OWN, TOKEN], "origin.foreign"),
    "empty-headers-count-as-absent": (POLICY, ["Sec-Fetch-Site: ", "Origin: "], MISSING),
    "rotated/both-old": (ROTATED, [cookies(cookie(OLDS)), header(OLDS)], ""),
    "rotated/old-cookie": (ROTATED, [cookies(cookie(OLDS)), TOKEN], ""),
    "rotated/old-token": (ROTATED, [OWN, header(OLDS)], ""),
    "rotated/not-there-yet": (POLICY, [cookies(cookie(ROLLING)), header(ROLLING)], ""),
    "rotated/gone": (POLICY, [cookies(cookie(OLDS)), header(OLDS)], INVALID),
    "ambient/without-credentials": (AMBIENT, [], ""),
    "ambient/bearer": (AMBIENT, ["Authorization: Bearer x"], ""),
    "ambient/cookie": (AMBIENT, ["Cookie: sid=1"], MISSING),
    "ambient/basic": (AMBIENT, ["Authorization: Basic eDp5"], MISSING),
    "session/none-yet": (SESSION, [OWN, TOKEN], ""),
    "session/its-own": (SESSION, [cookies(cookie(), "sid=1"), header(bound=VALUE + b"; 1")], ""),
    "session/another": (SESSION, [cookies(cookie(), "sid=2"), header(bound=VALUE + b"; 1")], INVALID),
    "session/made-before-it": (SESSION, [cookies(cookie(), "sid=1"), TOKEN], INVALID),
    "session/made-before-log-out": (SESSION, [OWN, header(bound=VALUE + b"; 1")], INVALID),
    "session/not-named-in-the-policy": (POLICY, [cookies(cookie(), "sid=1"), TOKEN], ""),
    # The attacker's own cookie and token, planted in a browser that knows no prefixes, over the visitor's session.
    "session/tossed-pair": (SESSION, [cookies(cookie(value=EVIL_VALUE), "sid=1"), header(bound=EVIL_VALUE)], INVALID),
    # What frameworks read as the session, though the browser gave it another name.
    "session/tossed-after-a-space-of-latin-1": (SESSION, [cookies(cookie(), "\xa0sid=1"), TOKEN], INVALID),
    "session/tossed-after-a-space-of-utf-8": (SESSION, [cookies(cookie(), "\xe2\x80\x83sid=1"), TOKEN], INVALID),
    "session/tossed-before-a-control": (SESSION, [cookies(cookie(), "sid=1", "sid\x1f=2"), SESSIONS], INVALID),
    "session/tossed-within-another": (SESSION, [cookies(cookie(), "a=b sid=1"), TOKEN], INVALID),
    "session/two": (SESSION, [cookies(cookie(), "sid=1", "\xa0sid=2"), header(bound=VALUE + b"; 1; \xa0sid=2")], ""),
    "session/named-with-its-prefix": (PREFIXED, [cookies(cookie(), "__Host-sid=1"), SESSIONS], ""),
    "session/named-with-its-prefix/another": (PREFIXED, [cookies(cookie(), "__Host-sid=2"), SESSIONS], INVALID),
    "session/named-with-its-prefix/none": (PREFIXED, [cookies(cookie(), "__Host-sid=1"), TOKEN], INVALID),
    "session/under-its-prefix": (RENAMED, [cookies(cookie(), "__Host-sid=1"), header(bound=VALUE + b"; 1")], ""),
    "session/tossed-without-prefix": (RENAMED, [cookies(cookie(), "sid=1"), header(bound=VALUE + b"; 1")], INVALID),
}

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
LARGE = b"note=" + b"x" * 70_000


def part(name: str, value: bytes | str, filename: str = "") -> bytes:
    said = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    content = value.encode() if isinstance(value, str) else value
    return b"--b\r\nContent-Disposition: " + said.encode() + b"\r\n\r\n" + content + b"\r\n"


FIELD = f"csrf_token={OURS.token(VALUE)}".encode()
PARTS = part("csrf_token", OURS.token(VALUE)) + part("file", bytes(range(256)), "a.bin") + b"--b--\r\n"

# content type, body, further header lines -> the reason code, or "" where it passes and the app reads the body whole
FORMS: dict[str, tuple[str, list[bytes], list[str], str]] = {
    "urlencoded": (FORM, [b"name=ann&" + FIELD], [], ""),
    "urlencoded-byte-by-byte": (FORM, [bytes([byte]) for byte in FIELD], [], ""),
    "urlencoded-in-capitals": ("Application/X-WWW-Form-URLencoded; charset=UTF-8", [FIELD], [], ""),
    "multipart": (MULTIPART, [PARTS[:10], PARTS[10:]], [], ""),
    "without-the-field": (FORM, [b"name=ann"], [], MISSING),
    "empty-field": (FORM, [b"csrf_token="], [], MISSING),
    "empty-body": (FORM, [], [], MISSING),
    "attacker's-token": (FORM, [f"csrf_token={OURS.token(EVIL_VALUE)}".encode()], [], INVALID),
    "token-as-a-file": (MULTIPART, [part("csrf_token", OURS.token(VALUE), "a") + b"--b--\r\n"], [], MISSING),
    "field-in-a-text": ("text/plain", [FIELD], [], MISSING),
    "field-in-json": ("application/json", [b'{"csrf_token": "x"}'], [], MISSING),
    "field-twice": (FORM, [FIELD + b"&" + FIELD], [], UNREADABLE),
    "broken-multipart": (MULTIPART, [PARTS[:-4]], [], UNREADABLE),
    "too-large": (FORM, [FIELD + b"&" + LARGE], [], "body.too-large"),
    "too-large-with-the-header": (FORM, [LARGE], [TOKEN], ""),  # nobody read it before the app
    "too-large-and-no-form": ("application/octet-stream", [LARGE], [], MISSING),  # nobody read it at all
    "too-large-by-headers": (FORM, [LARGE], [SAME], ""),
    "header-before-field": (FORM, [FIELD], [f"X-CSRF-Token: {SPOILT}"], INVALID),
    "header-beside-a-broken-form": (MULTIPART, [b"--b"], [TOKEN], ""),
}
STATUS = {UNREADABLE: 400, "body.too-large": 413}
METHODS = {"GET": True, "HEAD": True, "OPTIONS": True, "POST": False, "PUT": False, "PATCH": False, "DELETE": False}


def verdict(code: str, **seen: object) -> Expect:
    return refused(STATUS.get(code, 403), code) if code else Expect(seen=seen)


def names_a_way_on(outcome: Outcome) -> bool:
    return b"load it again" in outcome.body


def _rows() -> Iterator[Row]:
    for key, (which, fields, code) in POSTS.items():
        yield Row(id=f"token/{key}", policy=which, ask=Ask(method="POST", fields=fields), expect=verdict(code))
    for key, (kind, body, fields, code) in FORMS.items():
        ask = Ask(method="POST", body=body, fields=[OWN, f"Content-Type: {kind}", *fields])
        expect = verdict(code, body=b"".join(body))
        yield Row(id=f"token/form/{key}", policy=POLICY, ask=ask, answer=Answer(reads=True), expect=expect)
    for method, safe in METHODS.items():
        expect = verdict("" if safe else MISSING)
        answer = Answer(chunks=())
        yield Row(id=f"token/method/{method}", policy=POLICY, ask=Ask(method=method), answer=answer, expect=expect)
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "Upgrade"):
        yield Row(
            id=f"token/unsafe-get/{name}", policy=POLICY, ask=given(f"{name}: DELETE"), expect=refused(403, MISSING)
        )


def counted() -> Plan:
    return Plan(POLICY, counted=[FakeRule(path="/", reads_body=True)], store=FakeStore(left=-1))


SINGLE = (
    Row(
        id="token/over-http-on-localhost",
        policy=PLAIN,
        ask=Ask(
            method="POST",
            host="localhost:8000",
            scheme="http",
            fields=[cookies(cookie(name="netguard-csrf")), TOKEN],
        ),
    ),
    Row(
        id="token/refusal-is-friendly",
        policy=POLICY,
        ask=Ask(method="POST", fields=["Accept: text/html"]),
        expect=Expect(status=403, reached=False, events=[MISSING], absent=["set-cookie"], that=[names_a_way_on]),
    ),
    Row(id="token/bypass", policy=BYPASSING, ask=Ask(method="POST", target=b"/hooks/7")),
    Row(
        id="token/bypass-elsewhere",
        policy=BYPASSING,
        ask=Ask(method="POST", target=b"/hooks/../7"),
        expect=refused(403, MISSING),
    ),
    Row(
        id="token/report-lets-pass",
        policy=REPORT,
        ask=Ask(method="POST", fields=[f"Content-Type: {FORM}"], body=[b"name=ann"]),
        answer=Answer(reads=True),
        expect=Expect(seen={"body": b"name=ann"}, events=[MISSING], enforced=False),
    ),
    Row(
        id="token/report-lets-pass-what-is-too-large",
        policy=REPORT,
        ask=Ask(method="POST", fields=[f"Content-Type: {FORM}"], body=[LARGE]),
        answer=Answer(reads=True),
        expect=Expect(seen={"body": LARGE}, events=["body.too-large"], enforced=False),
    ),
    Row(
        id="token/before-what-counts",
        policy=counted,
        ask=Ask(method="POST", fields=[OWN, f"Content-Type: {FORM}"], body=[b"name=ann"]),
        expect=refused(403, MISSING),
    ),
    Row(
        id="token/then-what-counts",
        policy=counted,
        ask=Ask(method="POST", fields=[OWN, f"Content-Type: {FORM}"], body=[FIELD]),
        expect=refused(429, "fake.refused"),
    ),
    Row(
        id="token/websocket-without-origin",
        policy=POLICY,
        ask=Ask(kind="websocket"),
        expect=refused(403, MISSING),
    ),
    Row(
        id="token/websocket-that-claims-a-form",
        policy=POLICY,
        ask=Ask(kind="websocket", fields=[OWN, f"Content-Type: {FORM}"]),
        expect=refused(403, MISSING),
    ),
    Row(
        id="token/websocket-with-origin",
        policy=POLICY,
        ask=Ask(kind="websocket", fields=[OWN_ORIGIN]),
        expect=Expect(status=101),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
