"""A draft, sealed and dated: the bytes of a package with its signed statement and its timestamp in them."""

from __future__ import annotations

from collections.abc import Callable

from securesystemslib.signer import CryptoSigner

from canary.archive import zip_of
from canary.attestation import package_statement
from canary.package import BINDING, MANIFEST, STATEMENT, Draft, with_manifest, with_sums
from canary.seal import digest_of, enveloped, sealed
from canary.statement import ChainLink
from canary.timestamped import BOUND_TYPE, NO_AUTHORITY, TIMESTAMP, Timestamp, bound, written

Stamp = Callable[[bytes], Timestamp]
"""Returns the timestamp of some bytes, or the reason why there is none."""


def without_authority(_: bytes) -> Timestamp:
    """Returns that no timestamp authority is set."""
    return NO_AUTHORITY


def sealed_package(
    draft: Draft, link: ChainLink, signer: CryptoSigner, stamp: Stamp = without_authority
) -> tuple[bytes, bytes]:
    """Returns the bytes of the package, and those of the statement's envelope in it.

    The same draft, link, key and timestamp always give the same bytes: an Ed25519 signature has no random part.
    """
    files = with_manifest(draft.files)
    envelope = sealed(package_statement(draft.report, draft.containers, files[MANIFEST], link), [signer])
    return zip_of(with_sums({**files, **dated(envelope, signer, stamp)})), envelope


def dated(envelope: bytes, signer: CryptoSigner, stamp: Stamp) -> dict[str, bytes]:
    """Returns the statement's envelope, its timestamp, and the envelope that binds the two."""
    timestamp = written(stamp(envelope))
    binding = enveloped(bound(digest_of(envelope), timestamp), BOUND_TYPE, [signer])
    return {STATEMENT: envelope, TIMESTAMP: timestamp, BINDING: binding}
