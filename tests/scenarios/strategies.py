"""What hypothesis draws from: bytes near what the parsers look for, and addresses."""

from __future__ import annotations

import ipaddress

from hypothesis import strategies as st

TRUSTED = ["10.0.0.0/8", "2001:db8:1::/48"]

hostish = st.one_of(
    st.binary(max_size=60),
    st.text("abc.:[]1%@/-_* \0\xff", max_size=30).map(lambda text: text.encode("latin-1")),
    st.lists(st.sampled_from([b"[", b"]", b"::1", b":", b"443", b"a", b".", b"booking.example"]), max_size=8).map(
        b"".join
    ),
)
hops = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [b"10.0.0.1", b"203.0.113.7", b", ", b",", b"for=", b'"', b"\\", b"[", b"]", b"2001:db8::7", b":80", b";",
             b"proto=https", b"host=a.example", b"unknown", b"_obf", b" ", b"=", b"::ffff:10.0.0.1"]
        ),
        max_size=30,
    ).map(b"".join),
)  # fmt: skip
v4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
v6 = st.one_of(
    st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address),
    v4.map(lambda address: ipaddress.IPv6Address(f"::ffff:{address}")),
)
addresses = st.one_of(v4, v6)
