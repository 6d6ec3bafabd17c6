"""Bodies: what netguard reads in a form, every framework's parser reads too, or it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.http.multipartparser import MultiPartParserError
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from werkzeug.exceptions import HTTPException as WerkzeugError
from werkzeug.wrappers import Request as WerkzeugRequest

from netguard.bodies import Body
from netguard.errors import Unreadable
from support import django_site

django_site.configure()

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=b"
Read = Callable[[bytes, bytes], Sequence[str]]


def multipart(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def field(name: bytes, value: bytes, *lines: bytes) -> bytes:
    head = [b'Content-Disposition: form-data; name="' + name + b'"', *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + value


ANN = field(b"username", b"ann")


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        pytest.param(b"username=ann&password=x", URLENCODED, "ann", id="urlencoded"),
        pytest.param(b"username=a%6En+e", URLENCODED + b"; charset=UTF-8", "ann e", id="urlencoded/escaped"),
        pytest.param(b"password=x", URLENCODED, None, id="urlencoded/missing"),
        pytest.param(b"username=", URLENCODED, "", id="urlencoded/empty"),
        pytest.param(b"username", URLENCODED, "", id="urlencoded/bare"),
        pytest.param(b"%20username=ann", URLENCODED, "ann", id="urlencoded/name-with-space"),
        pytest.param(b"username=%FF", URLENCODED, "\ufffd", id="urlencoded/no-utf-8"),
        pytest.param(b"", URLENCODED, None, id="urlencoded/nothing"),
        pytest.param(b"username=ann", b"Application/X-WWW-Form-URLEncoded ;", "ann", id="urlencoded/spelling"),
        pytest.param(b"username=ann", b"text/plain", None, id="text"),
        pytest.param(b"username=ann", b"", None, id="no-type"),
        pytest.param(multipart(ANN), MULTIPART, "ann", id="multipart"),
        pytest.param(multipart(ANN, field(b"password", b"x")), MULTIPART, "ann", id="multipart/two-parts"),
        pytest.param(multipart(ANN, end=b"--b--"), MULTIPART, "ann", id="multipart/no-last-line-end"),
        pytest.param(multipart(ANN), b'multipart/form-data; boundary="b"', "ann", id="multipart/quoted-boundary"),
        pytest.param(multipart(field(b"username", b"a\r\n\r\nn")), MULTIPART, "a\r\n\r\nn", id="multipart/lines"),
        pytest.param(multipart(field(b"username", b"")), MULTIPART, "", id="multipart/empty"),
        pytest.param(multipart(), MULTIPART, None, id="multipart/no-part"),
        pytest.param(multipart(field(b'f"; filename="username', b"x")), MULTIPART, None, id="multipart/file"),
        pytest.param(
            multipart(field(b"username", b"ann", b"Content-Type: text/plain; charset=utf-8")),
            MULTIPART,
            "ann",
            id="multipart/typed-part",
        ),
    ],
)
def test_a_field(body: bytes, content_type: bytes, name: str | None) -> None:
    assert Body(body, content_type).form("username") == name


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"username=ann&username=bob", URLENCODED, id="two-fields"),
        pytest.param(b"username=ann&+username=bob", URLENCODED, id="two-fields/one-with-space"),
        pytest.param(b"username=x;username=ann", URLENCODED, id="semicolon"),
        pytest.param(b"username=ann\xc3\xa9", URLENCODED, id="unescaped"),
        pytest.param(b"username=+AGEAbgBu-", URLENCODED + b"; charset=utf-7", id="charset"),
        pytest.param(b"username=ann", URLENCODED + b", application/json", id="two-types"),
        pytest.param(b"username=ann", URLENCODED + b"; charset=utf-8; charset=utf-7", id="two-charsets"),
        pytest.param(b"username=ann", URLENCODED + b"; charset", id="broken-parameter"),
        pytest.param(b"&".join([b"a=b"] * 1001), URLENCODED, id="too-many-fields"),
        pytest.param(multipart(ANN), b"multipart/form-data", id="no-boundary"),
        pytest.param(multipart(ANN), MULTIPART + b"; boundary=c", id="two-boundaries"),
        pytest.param(multipart(ANN), b"multipart/form-data; boundary=" + b"b" * 71, id="wide-boundary"),
        pytest.param(multipart(ANN), MULTIPART + b", text/plain", id="two-types-multipart"),
        pytest.param(multipart(ANN, end=b""), MULTIPART, id="no-end"),
        pytest.param(multipart(ANN) + ANN, MULTIPART, id="epilogue"),
        pytest.param(b"preamble\r\n" + multipart(ANN), MULTIPART, id="preamble"),
        pytest.param(multipart(ANN).replace(b"\r\n", b"\n"), MULTIPART, id="bare-line-feeds"),
        pytest.param(multipart(ANN.replace(b"name=", b"name*=utf-8''x; name=")), MULTIPART, id="two-names"),
        pytest.param(multipart(ANN.replace(b"name", b"name*")), MULTIPART, id="encoded-name"),
        pytest.param(multipart(ANN.replace(b"username", b"user\\name")), MULTIPART, id="escaped-name"),
        pytest.param(multipart(b"X: y\r\n\r\nann"), MULTIPART, id="no-disposition"),
        pytest.param(multipart(ANN.replace(b"form-data", b"attachment")), MULTIPART, id="other-disposition"),
        pytest.param(multipart(ANN, ANN), MULTIPART, id="two-parts-of-one-name"),
        pytest.param(multipart(field(b'username"; filename="', b"eve")), MULTIPART, id="a-file-to-some"),
        pytest.param(multipart(ANN, field(b'username"; filename="', b"eve")), MULTIPART, id="beside-a-file-to-some"),
        pytest.param(
            multipart(ANN, field(b"username\"; filename*=utf-8''; x=\"", b"eve")), MULTIPART, id="encoded-file"
        ),
        pytest.param(
            multipart(field(b"username", b"YW5u", b"Content-Transfer-Encoding: base64")), MULTIPART, id="base64"
        ),
        pytest.param(
            multipart(field(b"username", b"x", b"Content-Type: text/plain; charset=utf-7")), MULTIPART, id="utf-7-part"
        ),
        pytest.param(multipart(field(b"username", b"x", b" folded")), MULTIPART, id="folded"),
        pytest.param(
            multipart(field(b"username", b"x", b'Content-Disposition: form-data; name="a"')), MULTIPART, id="twice"
        ),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(body: bytes, content_type: bytes) -> None:
    with pytest.raises(Unreadable):
        Body(body, content_type).form("username")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(b'{"user": {"name": "ann"}}', "ann", id="nested"),
        pytest.param(b'{"user": "ann"}', None, id="less-nested"),
        pytest.param(b'{"user": {"name": 7}}', None, id="number"),
        pytest.param(b'{"user": {"name": ["ann"]}}', None, id="list"),
        pytest.param(b"[1]", None, id="no-object"),
        pytest.param(b"7", None, id="scalar"),
        pytest.param('{"user": {"name": "ann"}}'.encode("utf-16"), "ann", id="utf-16"),
        pytest.param(b'{"user": {"name": "\\u0061nn"}}', "ann", id="escaped"),
    ],
)
def test_json(body: bytes, found: str | None) -> None:
    assert Body(body, b"application/json").json("user", "name") == found
    assert Body(body, None).json("user", "name") == found


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"user": "ann", "user": "bob"}', id="member-twice"),
        pytest.param(b'{"user": "ann"', id="broken"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 60_000, id="deep"),
        pytest.param(b'{"n": ' + b"9" * 5000 + b"}", id="endless-number"),
        pytest.param(b'{"user": "\xff"}', id="no-utf-8"),
    ],
)
def test_json_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        Body(body, b"application/json").json("user")


def test_json_that_nobody_announced_is_no_json() -> None:
    assert Body(b"username=ann", b"text/plain").json("username") is None


def by_starlette(body: bytes, content_type: bytes) -> Sequence[str]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type)]}

    async def read() -> Sequence[str]:
        async with Request(scope, receive).form() as form:
            return [value for value in form.getlist("username") if isinstance(value, str)]

    try:
        return asyncio.run(read())
    except (HTTPException, MultiPartException):
        return ()


def environ(body: bytes, content_type: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
        "CONTENT_TYPE": content_type.decode("latin-1"), "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body),
    }  # fmt: skip


def by_werkzeug(body: bytes, content_type: bytes) -> Sequence[str]:
    try:
        with WerkzeugRequest(environ(body, content_type)) as request:
            return request.form.getlist("username")
    except WerkzeugError:
        return ()


def by_django(body: bytes, content_type: bytes) -> Sequence[str]:
    try:
        return WSGIRequest(environ(body, content_type)).POST.getlist("username")
    except (BadRequest, SuspiciousOperation, RequestDataTooBig, MultiPartParserError):
        return ()


FRAGMENTS = st.sampled_from(
    [
        b"--b\r\n", b"--b--\r\n", b"--b--", b"\r\n", b"\n", b"\r", b"--b", b"username", b"=", b"&", b";", b"+", b"%20",
        b"x", b'Content-Disposition: form-data; name="username"\r\n\r\n', b"name*=utf-8''username", b"; filename=a",
        b"Content-Disposition: form-data; name=username", b'content-disposition:form-data;name="x"', b"YW5u", b"ann",
        b"Content-Type: text/plain; charset=utf-7\r\n", b"Content-Transfer-Encoding: base64\r\n", b' name="username"',
        b"\xff", b"\x00", b"username=ann", b"&username=bob", b"username%00=ann", b"user%6eame=eve", b":", b'"', b"\\",
        b"\t",
    ]
)  # fmt: skip
PARTS = st.builds(
    field,
    st.sampled_from(
        [
            b"username",
            b" username",
            b"x",
            b'username"; x="',
            b"Username",
            b'username"; filename="',
            b"username\"; filename*=utf-8''; x=\"",
            b'username"; filename="a',
            b'username"; filename="/',
        ]
    ),
    st.lists(FRAGMENTS, max_size=2).map(b"".join),
    FRAGMENTS.map(bytes.strip),
)
BODIES = st.lists(FRAGMENTS, max_size=12).map(b"".join) | st.lists(PARTS, max_size=3).map(lambda p: multipart(*p))
TYPES = st.sampled_from(
    [
        URLENCODED, MULTIPART, b'multipart/form-data; boundary="b"', b"multipart/form-data; charset=utf-8; boundary=b",
        URLENCODED + b"; charset=latin-1", b"MULTIPART/FORM-DATA;boundary=b", MULTIPART + b"; boundary=c", b"",
        b"text/plain", URLENCODED + b";x=", b"multipart/form-data ; boundary=b", b"multipart/form-data;boundary=b;",
    ]
)  # fmt: skip


@pytest.mark.parametrize("read", [by_starlette, by_werkzeug, by_django])
@given(body=BODIES, content_type=TYPES)
@example(body=b"username=ann\xff", content_type=URLENCODED)
@example(body=b"a=1;username=ann", content_type=URLENCODED)
def test_no_framework_reads_another_name(read: Read, body: bytes, content_type: bytes) -> None:
    try:
        ours = Body(body, content_type).form("username")
    except Unreadable:
        return
    theirs = read(body, content_type)
    if theirs:
        assert ours is not None
        assert {name.strip() for name in theirs} == {ours.strip()}


@given(body=st.binary(max_size=200) | BODIES, content_type=st.binary(max_size=60) | TYPES)
def test_any_bytes_are_read_or_unreadable(body: bytes, content_type: bytes) -> None:
    read = Body(body, content_type)
    for field_of in (read.form, read.json):
        try:
            assert isinstance(field_of("a"), str | None)
        except Unreadable:
            pass
