"""The seal of a statement: a DSSE envelope with Ed25519 signatures, written and read in one spelling alone (pure)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

from canary.spelling import SpellingError, read_spelled
from canary.statement import Entry, signers_of
from common import wire

T = TypeVar("T")

_PUBLIC = re.compile("[0-9a-f]{64}")
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MOST_BYTES = 2**20
"""The most bytes that an envelope may have; a real one has three to eight thousand."""


class SealError(ValueError):
    """The bytes are no envelope of ours, or a signature does not hold. The message says which."""


class SignatureForm(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signature of an envelope.

    keyid: the id of the key.
    sig: the signature in base64.
    """

    keyid: str
    sig: str


class EnvelopeForm(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The JSON of a DSSE envelope.

    payload: the statement's bytes in base64.
    payload_type: the type of the payload.
    signatures: one for each key that signs.
    """

    payload: str
    payload_type: str
    signatures: tuple[SignatureForm, ...]


class Opened(NamedTuple):
    """A statement whose signatures hold under the keys that it names itself. Trust in these keys is another matter.

    entry: the statement.
    keyids: the ids of the keys that signed, computed from the keys.
    digest: the SHA-256 digest of the envelope, in hexadecimal.
    content: the envelope's bytes.
    """

    entry: Entry
    keyids: tuple[str, ...]
    digest: str
    content: bytes


def sealed(entry: Entry, signers: Sequence[CryptoSigner]) -> bytes:
    """Returns the bytes of the statement's envelope. Raises SealError when these are not the signers that it needs."""
    if tuple(public_of(signer) for signer in signers) != signers_of(entry):
        raise SealError("the statement names other keys than those that sign it")
    return enveloped(wire.encode(entry), PAYLOAD_TYPE, signers)


def enveloped(payload: bytes, payload_type: str, signers: Sequence[CryptoSigner]) -> bytes:
    """Returns the bytes of an envelope around any payload."""
    envelope = Envelope(payload, payload_type, {})
    for signer in signers:
        envelope.sign(signer)
    return wire.encode(msgspec.convert(envelope.to_dict(), EnvelopeForm))


def opened(content: bytes) -> Opened:
    """Returns the statement in an envelope. Raises SealError for all but what `sealed` gives.

    Every byte is bound: the envelope and the statement are made anew and compared, so that no second spelling passes.
    """
    form, payload = _form_of(content, PAYLOAD_TYPE)
    entry: Entry = _read(Entry, payload, "the statement")  # type: ignore[arg-type]
    if entry.link.sequence < 0 or entry.link.written_at.tzinfo is None:
        raise SealError("the statement has a sequence below 0, or a time without a zone")
    keys = [key_of(public) for public in signers_of(entry)]
    _check_signatures(form, payload, keys)
    return Opened(entry, tuple(key.keyid for key in keys), digest_of(content), content)


def payload_of(content: bytes, payload_type: str, public: str) -> bytes:
    """Returns the payload that the key with these 64 hexadecimal digits signed. Raises SealError."""
    form, payload = _form_of(content, payload_type)
    _check_signatures(form, payload, [key_of(public)])
    return payload


def _form_of(content: bytes, payload_type: str) -> tuple[EnvelopeForm, bytes]:
    if len(content) > MOST_BYTES:
        raise SealError(f"the envelope has more than {MOST_BYTES} bytes")
    form = _read(EnvelopeForm, content, "the envelope")
    if form.payload_type != payload_type:
        raise SealError(f"the payload's type is {form.payload_type!r:.80}, not {payload_type}")
    return form, _base64(form.payload, "the payload")


def _check_signatures(form: EnvelopeForm, payload: bytes, keys: Sequence[SSlibKey]) -> None:
    if len(form.signatures) != len(keys):
        raise SealError(f"it has {len(form.signatures)} signatures, and needs {len(keys)}")
    envelope = Envelope(payload, form.payload_type, {})
    for signature, key in zip(form.signatures, keys, strict=True):
        if signature.keyid != key.keyid:
            raise SealError(f"it has a signature of key {signature.keyid!r:.70}, but names key {key.keyid}")
        envelope.signatures = {key.keyid: Signature(key.keyid, _base64(signature.sig, "a signature").hex())}
        try:
            envelope.verify([key], 1)
        except VerificationError:
            raise SealError(f"the signature of key {key.keyid} does not hold") from None


def key_of(public: str) -> SSlibKey:
    """Returns the key with these 64 hexadecimal digits, with the id that is computed from it. Raises SealError."""
    if not _PUBLIC.fullmatch(public):
        raise SealError(f"{public!r:.80} is no Ed25519 public key of 64 small hexadecimal digits")
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))


def public_of(signer: CryptoSigner) -> str:
    """Returns the 64 hexadecimal digits of a signer's public key."""
    return str(signer.public_key.keyval["public"])


def digest_of(content: bytes) -> str:
    """Returns the SHA-256 digest, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _read(kind: type[T], content: bytes, name: str) -> T:
    try:
        return read_spelled(kind, content, wire.encode)
    except SpellingError as error:
        raise SealError(f"{name} can't be read: {error}") from None


def _base64(text: str, name: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SealError(f"{name} is not in base64") from None
    if base64.b64encode(raw).decode() != text:
        raise SealError(f"{name} is spelled in another base64 than it was written")
    return raw
