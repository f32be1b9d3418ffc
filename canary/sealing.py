"""A draft, sealed: the bytes of a package with its signed statement in them."""

from __future__ import annotations

from securesystemslib.signer import CryptoSigner

from canary.archive import zip_of
from canary.attestation import package_statement
from canary.package import MANIFEST, STATEMENT, Draft, with_manifest, with_sums
from canary.seal import sealed
from canary.statement import ChainLink


def sealed_package(draft: Draft, link: ChainLink, signer: CryptoSigner) -> tuple[bytes, bytes]:
    """Returns the bytes of the package, and those of the envelope in it.

    The same draft, link and key always give the same bytes: an Ed25519 signature has no random part.
    """
    files = with_manifest(draft.files)
    envelope = sealed(package_statement(draft.report, draft.containers, files[MANIFEST], link), [signer])
    return zip_of(with_sums({**files, STATEMENT: envelope})), envelope
