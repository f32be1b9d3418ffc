"""The statements of the chain of evidence, in the form of in-toto: of a package, of removed ones, of keys (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from canary.verdict import Verdict
from common import wire

FORM: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
TOMBSTONE = "urn:spark:evidence:tombstone:1"
ROOT = "urn:spark:evidence:root:1"
Result = Literal["PASSED", "WARNED", "FAILED"]


class Resource(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something with a digest, as in-toto describes it.

    name: its name within the statement.
    digest: its digest in hexadecimal, by the name of the algorithm.
    """

    name: str
    digest: dict[str, str]


class ChainLink(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place of a statement in the chain, and the key that signs it.

    sequence: 0 for the first root, then 1, 2, 3 … without a gap.
    previous: the SHA-256 digest of the envelope before it, in hexadecimal; None for sequence 0.
    written_at: when the statement was written, UTC.
    key: the Ed25519 public key that signs it, 64 hexadecimal digits.
    """

    sequence: int
    previous: str | None
    written_at: datetime
    key: str


class Facts(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part of a package's predicate that is Spark's own.

    link: the package's place in the chain.
    verdict: PASS, FAIL or INCONCLUSIVE.
    checked_at: when the round ended, UTC, RFC 3339.
    market: the market that the stack ran on.
    version, revision: the canary's own version, and the commit that it was built from.
    """

    link: ChainLink
    verdict: Verdict
    checked_at: str
    market: wire.Market
    version: str
    revision: str


class PackageResult(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The predicate of a package: in-toto's test result.

    result: PASSED for PASS, WARNED for INCONCLUSIVE, FAILED for FAIL.
    configuration: digests of the limits and of the targets that were configured.
    warned_tests: the conditions that are unknown, or failed and can make no FAIL.
    failed_tests: the conditions that make a FAIL.
    spark: what the form has no field for.
    """

    result: Result
    configuration: tuple[Resource, ...]
    warned_tests: tuple[str, ...]
    failed_tests: tuple[str, ...]
    spark: Facts


class Removal(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The predicate of a tombstone: packages whose files were removed. Their envelopes stay in the chain.

    link: the tombstone's place in the chain.
    sequences: the sequence of each package, in the order of the subjects; None for one that was never signed.
    removed_by: the program or person that removed them.
    reason: a sentence about why.
    """

    link: ChainLink
    sequences: tuple[int | None, ...]
    removed_by: str
    reason: str


class KeyRecord(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A key, and the sequences that it may sign.

    keyid: the key's id, as securesystemslib computes it from the key.
    public: the Ed25519 public key, 64 hexadecimal digits.
    first: the first sequence that it signs.
    last: the last sequence that it signs; None for the key that signs now.
    revoked_since: the sequence from which on its signatures count for nothing, because it was stolen; None if never.
    """

    keyid: str
    public: str
    first: int
    last: int | None
    revoked_since: int | None


class KeySet(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The predicate of a root: every key of the chain. The last one signs from here on.

    link: the root's place in the chain, signed by the key before.
    version: 1 for the first root, then one more for each.
    keys: every key, oldest first.
    """

    link: ChainLink
    version: int
    keys: tuple[KeyRecord, ...]


class Statement(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="predicateType"):
    """A statement of in-toto, version 1.

    form: the statement's own type.
    subject: the things that it is about.
    """

    form: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    subject: tuple[Resource, ...]


class PackageStatement(Statement, frozen=True, kw_only=True, tag=TEST_RESULT):
    """A package: its subjects are the manifest and the images that ran.

    predicate: the verdict, and the package's place in the chain.
    """

    predicate: PackageResult

    @property
    def link(self) -> ChainLink:
        """The place in the chain."""
        return self.predicate.spark.link


class TombstoneStatement(Statement, frozen=True, kw_only=True, tag=TOMBSTONE):
    """A tombstone: its subjects are the packages that were removed, each with the digest of its envelope.

    predicate: who removed them, when and why.
    """

    predicate: Removal

    @property
    def link(self) -> ChainLink:
        """The place in the chain."""
        return self.predicate.link


class RootStatement(Statement, frozen=True, kw_only=True, tag=ROOT):
    """A root: its subjects are the keys.

    predicate: the keys.
    """

    predicate: KeySet

    @property
    def link(self) -> ChainLink:
        """The place in the chain."""
        return self.predicate.link


Entry = PackageStatement | TombstoneStatement | RootStatement


def signers_of(entry: Entry) -> tuple[str, ...]:
    """Returns the public keys that must sign an entry, in order: of a new root the key before and the new one."""
    if isinstance(entry, RootStatement) and entry.predicate.keys:
        return tuple(dict.fromkeys((entry.link.key, entry.predicate.keys[-1].public)))
    return (entry.link.key,)
