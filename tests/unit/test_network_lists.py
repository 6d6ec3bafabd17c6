"""Lists of networks: what may be given, files and their errors, published lists."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netguard.errors import ConfigError
from netguard.intervals import STEP
from netguard.network_lists import NetworkList
from netguard.networks import NetworkSet

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "office.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.mark.parametrize(
    ("given", "inside", "outside"),
    [
        pytest.param(
            ["10.0.0.0/8", "2001:db8::1"], ["10.1.2.3", "2001:db8::1"], ["11.0.0.1", "2001:db8::2"], id="list"
        ),
        pytest.param(("10.0.0.0/8",), ["10.0.0.0"], ["9.255.255.255"], id="tuple"),
        pytest.param({"10.0.0.0/8"}, ["10.255.255.255"], ["11.0.0.0"], id="set"),
        pytest.param("loopback", ["127.9.9.9", "::1", "::ffff:127.0.0.1"], ["10.0.0.1", "::2"], id="loopback"),
        pytest.param(
            "private",
            ["127.0.0.1", "::1", "10.0.0.1", "172.31.255.255", "192.168.0.9", "169.254.1.1", "fd00::1", "fe80::1"],
            ["172.32.0.1", "100.64.0.1", "192.0.2.1", "2001:db8::1", "fec0::1", "8.8.8.8"],
            id="private",
        ),
        pytest.param(["private", "203.0.113.0/24"], ["10.0.0.1", "203.0.113.9"], ["203.0.114.0"], id="word-in-list"),
        pytest.param(NetworkSet(["10.0.0.0/8"]), ["10.0.0.1"], ["11.0.0.1"], id="set-of-networks"),
        pytest.param(lambda: ["loopback", "10.0.0.0/8"], ["10.0.0.1", "::1"], ["11.0.0.1"], id="function"),
        pytest.param(lambda: iter(["10.0.0.0/8"]), ["10.0.0.1"], ["11.0.0.1"], id="function-of-an-iterator"),
        pytest.param([], [], ["10.0.0.1"], id="nothing"),
    ],
)
def test_given(given: Any, inside: list[str], outside: list[str]) -> None:
    made = NetworkList("Area.networks", given)
    read = made.read()
    assert made.files == ()
    assert [address in read for address in inside] == [True] * len(inside)
    assert [address in read for address in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param("10.0.0.0/8", ["['10.0.0.0/8']", "bare string"], id="bare-network"),
        pytest.param("privat", ["did you mean 'private'"], id="misspelt-word"),
        pytest.param(b"10.0.0.0/8", ["b'10.0.0.0/8'", "a list of networks"], id="bytes"),
        pytest.param(10, ["not 10"], id="number"),
        pytest.param(None, ["not None"], id="none"),
        pytest.param({"10.0.0.0/8": 1}, ["not {"], id="mapping"),
        pytest.param(["10.1.2.3/8"], ["'10.1.2.3/8' has host bits", "'10.0.0.0/8'"], id="host-bits"),
        pytest.param(["10.0.0.0/33"], ["'10.0.0.0/33' is no network"], id="no-network"),
        pytest.param(["fe80::1%eth0"], ["zone id"], id="zone"),
        pytest.param(["private", "nets"], ["'nets' is no network"], id="no-word"),
        pytest.param([5], ["not 5"], id="number-inside"),
        pytest.param([["10.0.0.0/8"]], ["not ['10.0.0.0/8']"], id="list-inside"),
        pytest.param("file:", ["'file:' lacks the path"], id="file-without-path"),
    ],
)
def test_refused_when_made(given: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        NetworkList("Area.networks", given)
    assert str(refused.value).startswith("Area.networks: ")
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        pytest.param("10.0.0.0/8", ["must return a list", "'10.0.0.0/8'"], id="string"),
        pytest.param(None, ["must return a list", "None"], id="nothing"),
        pytest.param(["10.0.0.0/40"], ["'10.0.0.0/40' is no network"], id="no-network"),
        pytest.param([{}], ["not {}"], id="no-string"),
    ],
)
def test_function_returns_nonsense(returned: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        NetworkList("Area.networks", lambda: returned).read()
    assert str(refused.value).startswith("Area.networks: ")
    for word in words:
        assert word in str(refused.value)


PLAIN = {
    "lines": "10.0.0.0/8\n2001:db8::/32\n",
    "no-end": "10.0.0.0/8\n2001:db8::/32",
    "crlf": "10.0.0.0/8\r\n2001:db8::/32\r\n",
    "cr": "10.0.0.0/8\r2001:db8::/32\r",
    "bom": "\ufeff10.0.0.0/8\n2001:db8::/32\n",
    "comments": "# the office\n; its guests\n10.0.0.0/8 # ours\n\n  2001:db8::/32\t; theirs\n   \n",
    "touching": "10.0.0.0/8# ours\n2001:db8::/32;theirs\n",
    "twice": "10.0.0.0/8\n10.0.0.0/8\n10.1.0.0/16\n2001:db8::/32",
}


@pytest.mark.parametrize("content", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("as_word", [False, True], ids=["path", "word"])
def test_plain_file(write: Write, content: str, as_word: bool) -> None:
    path = write(content)
    made = NetworkList("Area.networks", f"file:{path}" if as_word else path)
    read = made.read()
    assert made.files == (path,)
    assert "10.1.2.3" in read
    assert "2001:db8::7" in read
    assert "11.0.0.1" not in read
    assert "2001:db9::" not in read


def test_file_beside_others_is_read_again(write: Write) -> None:
    path = write("10.0.0.0/8")
    made = NetworkList("Area.networks", ["loopback", f"file:{path}", "192.0.2.1"])
    before = made.read()
    write("203.0.113.0/24")
    after = made.read()
    assert made.files == (path,)
    assert [address in before for address in ("10.0.0.1", "203.0.113.1", "::1", "192.0.2.1")] == [
        True,
        False,
        True,
        True,
    ]
    assert [address in after for address in ("10.0.0.1", "203.0.113.1", "::1", "192.0.2.1")] == [
        False,
        True,
        True,
        True,
    ]


BROKEN = {
    "host-bits": ("# ours\n\n10.0.0.1/8\n", ["line 3", "'10.0.0.1/8' has host bits", "'10.0.0.0/8'"]),
    "name": ("10.0.0.0/8\nbooking.example\n", ["line 2", "'booking.example' is no network"]),
    "two": ("10.0.0.0/8 10.0.0.0/8\n", ["line 1", "is no network"]),
    "word": ("private\n", ["line 1", "'private' is no network"]),
    "empty": ("", ["would let nobody in", "'# empty'"]),
    "comments-only": ("# nobody\n\n", ["would let nobody in"]),
    "bytes": (b"\xff\xfe1\x000\x00", ["no UTF-8"]),
    "nul": ("10.0.0.0/8\n1\0\n", ["line 2", "is no network"]),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_file(write: Write, content: str | bytes, words: list[str]) -> None:
    path = write(content)
    with pytest.raises(ConfigError) as refused:
        NetworkList("Area.networks", [f"file:{path}"]).read()
    for word in (f"Area.networks: {path}", *words):
        assert word in str(refused.value)


@pytest.mark.parametrize("name", ["absent.txt", "."])
def test_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"Area.networks: {tmp_path / name}: the file cannot be read")):
        NetworkList("Area.networks", tmp_path / name).read()


def test_error_after_a_file_names_no_file(write: Write) -> None:
    path = write("10.0.0.0/8")
    with pytest.raises(ConfigError, match=r"^Area\.networks: 'nets' is no network") as refused:
        NetworkList("Area.networks", lambda: [f"file:{path}", "nets"]).read()
    assert str(path) not in str(refused.value)


def test_empty_file_that_says_so(write: Write) -> None:
    assert len(NetworkList("Area.deny", write("# nobody yet\n# empty\n")).read()) == 0


AWS = {
    "syncToken": "1",
    "createDate": "2026-01-01-00-00-00",
    "prefixes": [
        {"ip_prefix": "192.0.2.0/25", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"},
        {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "EC2", "network_border_group": "eu-west-1"},
    ],
    "ipv6_prefixes": [
        {
            "ipv6_prefix": "2001:db8:1::/48",
            "region": "GLOBAL",
            "service": "CLOUDFRONT",
            "network_border_group": "GLOBAL",
        }
    ],
}
GOOGLE = {
    "syncToken": "1",
    "creationTime": "2026-01-01T00:00:00",
    "prefixes": [
        {"ipv4Prefix": "192.0.2.0/25", "service": "Google Cloud", "scope": "us-east1"},
        {"ipv6Prefix": "2001:db8:1::/48", "service": "Google Cloud", "scope": "us-east1"},
        {"ipv4Prefix": "198.51.100.0/24", "service": "Google Cloud", "scope": "africa-south1"},
    ],
}
GOOG = {"syncToken": "1", "prefixes": [{"ipv4Prefix": "192.0.2.0/25"}, {"ipv6Prefix": "2001:db8:1::/48"}]}
AZURE = {
    "changeNumber": 300,
    "cloud": "Public",
    "values": [
        {
            "name": "AzureFrontDoor.Backend",
            "id": "AzureFrontDoor.Backend",
            "properties": {"changeNumber": 1, "addressPrefixes": ["192.0.2.0/25", "2001:db8:1::/48"]},
        },
        {"name": "AzureCloud", "id": "AzureCloud", "properties": {"addressPrefixes": ["198.51.100.0/24"]}},
    ],
}
CLOUDFLARE = {
    "result": {"ipv4_cidrs": ["192.0.2.0/25"], "ipv6_cidrs": ["2001:db8:1::/48"], "etag": "a8e453d9d129a376"},
    "success": True,
    "errors": [],
    "messages": [],
}
FASTLY = {"addresses": ["192.0.2.0/25"], "ipv6_addresses": ["2001:db8:1::/48"]}
GITHUB = {
    "verifiable_password_authentication": False,
    "ssh_keys": ["ssh-ed25519 AAAA"],
    "hooks": ["192.0.2.0/25", "2001:db8:1::/48"],
    "actions": ["198.51.100.0/24"],
    "domains": {"website": ["*.github.com"]},
}
PUBLISHED = {
    "aws": (AWS, "", True),
    "aws-service": (AWS, "CLOUDFRONT", False),
    "google": (GOOGLE, "", True),
    "google-scope": (GOOGLE, "us-east1", False),
    "goog": (GOOG, "", False),
    "azure": (AZURE, "", True),
    "azure-tag": (AZURE, "AzureFrontDoor.Backend", False),
    "cloudflare": (CLOUDFLARE, "", False),
    "fastly": (FASTLY, "", False),
    "github": (GITHUB, "hooks", False),
}


@pytest.mark.parametrize(("document", "part", "other"), PUBLISHED.values(), ids=PUBLISHED)
def test_published(write: Write, document: Any, part: str, other: bool) -> None:
    path = write("\ufeff\n" + json.dumps(document, indent=1))
    made = NetworkList("Area.networks", f"file:{path}" + (f"#{part}" if part else ""))
    read = made.read()
    assert made.files == (path,)
    assert "192.0.2.127" in read
    assert "2001:db8:1::7" in read
    assert ("198.51.100.1" in read) is other
    assert "192.0.2.128" not in read


NOT_PUBLISHED = {
    "unknown": ({"networks": ["10.0.0.0/8"]}, "", "none of the keys of a published list"),
    "array": (["10.0.0.0/8"], "", "one network a line"),
    "github-whole": (GITHUB, "", "'#hooks'"),
    "no-part": (AWS, "CLOUDFRON", "no part 'CLOUDFRON'; did you mean 'CLOUDFRONT'?"),
    "part-of-none": (FASTLY, "CLOUDFRONT", "no part 'CLOUDFRONT'"),
    "no-network": ({"prefixes": []}, "", "has no network"),
    "row-without": ({"prefixes": [{"region": "x"}]}, "", "no network in {'region': 'x'}"),
    "row-no-object": ({"prefixes": ["10.0.0.0/8"]}, "", "an object is meant, not '10.0.0.0/8'"),
    "no-list": ({"addresses": "10.0.0.0/8"}, "", "a list is meant, not '10.0.0.0/8'"),
    "no-string": ({"addresses": [1]}, "", "a string, not 1"),
    "no-result": ({"result": None, "success": False}, "", "an object is meant, not None"),
    "no-properties": ({"values": [{"name": "x"}]}, "", "properties: an object is meant"),
    "host-bits": ({"addresses": ["10.0.0.1/8"]}, "", "'10.0.0.1/8' has host bits"),
}


@pytest.mark.parametrize(("document", "part", "words"), NOT_PUBLISHED.values(), ids=NOT_PUBLISHED)
def test_not_published(write: Write, document: Any, part: str, words: str) -> None:
    path = write(json.dumps(document))
    with pytest.raises(ConfigError) as refused:
        NetworkList("Area.networks", f"file:{path}#{part}").read()
    assert f"Area.networks: {path}: " in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "content", ['{"prefixes": [', "{" * 5 + "10.0.0.0/8", "[" * 100_000], ids=["cut", "odd", "deep"]
)
def test_broken_json(write: Write, content: str) -> None:
    with pytest.raises(ConfigError, match="this is no JSON"):
        NetworkList("Area.networks", write(content)).read()


def test_part_of_a_plain_file(write: Write) -> None:
    with pytest.raises(ConfigError, match="'#hooks' names a part"):
        NetworkList("Area.networks", f"file:{write('10.0.0.0/8')}#hooks").read()


def test_reading_pauses(write: Write) -> None:
    pauses: list[None] = []
    path = write("\n".join(f"10.{n >> 8}.{n & 255}.0/24" for n in range(5000)))
    read = NetworkList("Area.networks", path).read(pause=lambda: pauses.append(None))
    assert len(read) == 5000
    assert len(pauses) > 5000 / 512


def test_json_pauses_while_it_is_parsed(write: Write) -> None:
    pauses: list[None] = []
    rows = [{"ip_prefix": "192.0.2.0/24", "service": "EC2"}] * 10_000
    path = write(json.dumps({"prefixes": rows, "broken": [{"ip_prefix": "192.0.2.1/24"}]})[:-1])
    with pytest.raises(ConfigError, match="no JSON"):
        NetworkList("Area.networks", path).read(lambda: pauses.append(None))
    assert len(pauses) == 10_001 // STEP


def test_an_error_quotes_no_more_of_a_file_than_a_person_reads(tmp_path: Path) -> None:
    file = tmp_path / "networks.txt"
    file.write_text("1" * 1_000_000)
    with pytest.raises(ConfigError, match=r"line 1: '111") as caught:
        NetworkList("office", file).read()
    assert len(str(caught.value)) < 1000


def test_a_path_that_no_file_can_have_is_named() -> None:
    with pytest.raises(ConfigError, match="no file is called so"):
        NetworkList("office", "file:a\0b").read()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="this is a pipe"):
        NetworkList("office", tmp_path / "pipe").read()
