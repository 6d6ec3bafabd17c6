"""Certificates of a test's own authority, which its clients trust and nobody else does."""

from __future__ import annotations

import base64
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    chain: Path  # PEM, the leaf first
    key: Path  # PEM
    ca: Path  # PEM of the authority, for clients
    spki: str  # base64 of the SHA-256 of the leaf's public key, as Chromium takes it

    def client_context(self) -> ssl.SSLContext:
        """A client's context that trusts this authority alone, as in ``httpx2.get(url, verify=...)``."""
        return ssl.create_default_context(cafile=self.ca)


def issue(folder: Path, *names: str) -> Certificate:
    """Issue a certificate for host names and addresses, under an authority of its own; the files go to ``folder``."""
    authority = trustme.CA()
    leaf = authority.issue_cert(*names)
    made = Certificate(
        chain=folder / "chain.pem",
        key=folder / "key.pem",
        ca=folder / "ca.pem",
        spki=_spki(leaf.cert_chain_pems[0].bytes()),
    )
    made.chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(made.key)
    authority.cert_pem.write_to_path(made.ca)
    return made


def _spki(pem: bytes) -> str:
    key = x509.load_pem_x509_certificate(pem).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b64encode(digest).decode()
