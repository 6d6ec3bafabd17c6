"""What the tests of real servers share."""

from __future__ import annotations

import ssl

import pytest

from support.certificates import Certificate


@pytest.fixture(scope="session")
def trust(certificate: Certificate) -> ssl.SSLContext:
    """A client that trusts the servers' certificate."""
    return certificate.client_context()
