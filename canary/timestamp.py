"""Checks an RFC 3161 timestamp token: an authority's signed word about when some bytes existed (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

MOST_TOKEN_BYTES = 64 * 2**10
"""Public authorities answer with 2 to 7 kB, most of it certificates."""
MOST_CERTIFICATES = 20
MOST_PEM_CHARACTERS = 256 * 2**10
SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_GRANTED = 0
_STATUS = {1: "granted with modifications", 2: "rejection", 3: "waiting", 4: "revocation warning", 5: "revocation"}
_CHAIN = re.compile(r'Verify error: ?([^"]+)')

TokenFault = Literal[
    "malformed",
    "too_large",
    "refused",
    "no_token",
    "other_hash",
    "other_data",
    "other_nonce",
    "other_policy",
    "no_certificate",
    "wrong_usage",
    "expired",
    "other_authority",
    "chain",
    "signature",
]
"""malformed: no whole timestamp answer in DER. too_large: above `MOST_TOKEN_BYTES`. refused: the authority's status is
not granted. no_token: granted, without a token. other_hash, other_data, other_nonce, other_policy: the token is about
something else than was asked. no_certificate: the signer's certificate is not in the token. wrong_usage: that is not
for timestamps alone. expired: a certificate was not valid when the token was made. other_authority: no chain leads to
a root. chain: one does, and breaks the rules for chains. signature: the signature is not the signer's."""


class TokenError(ValueError):
    """A timestamp token proves nothing. The message is a sentence about it.

    fault: the exact fault.
    """

    def __init__(self, fault: TokenFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault


@dataclass(frozen=True)
class Authority:
    """The certificates that a timestamp authority is known by.

    roots: certificates that signed themselves. Each chain must end in one of them.
    intermediates: certificates between a root and the authority's own.
    """

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()

    @classmethod
    def read(cls, pem: str) -> Authority:
        """Returns the authority of a PEM file's text. Raises ValueError with a sentence about what is wrong in it."""
        if len(pem) > MOST_PEM_CHARACTERS:
            raise ValueError(f"it has more than {MOST_PEM_CHARACTERS} characters")
        try:
            found = x509.load_pem_x509_certificates(pem.encode())
        except ValueError as error:
            raise ValueError("it must hold certificates in PEM, whole ones alone") from error
        if len(found) > MOST_CERTIFICATES:
            raise ValueError(f"it has {len(found)} certificates; {MOST_CERTIFICATES} at most are read")
        for one in found:
            if not _may_sign(one):
                raise ValueError(f"{_name(one)} must not sign certificates (CA:TRUE is missing): name its roots")
        roots = tuple(one for one in found if _is_from(one, one))
        if not roots:
            raise ValueError("it has no root: a certificate that signed itself")
        return cls(roots, tuple(one for one in found if one not in roots))


@dataclass(frozen=True)
class _Token:
    """The parts of a token that are compared: its time, imprint, nonce and policy, the signer, all certificates."""

    at: datetime
    hash_algorithm: x509.ObjectIdentifier
    imprint: bytes
    nonce: int | None
    policy: str
    certificates: tuple[x509.Certificate, ...]
    signers: tuple[tuple[x509.Name, int], ...]


def checked(
    token: bytes, data: bytes, authority: Authority, *, nonce: int | None = None, policy: str | None = None
) -> datetime:
    """Returns the time, in UTC and whole seconds, at which the authority saw `data`. Raises TokenError with its fault.

    token: an authority's whole answer (TimeStampResp, RFC 3161, section 2.4.2) in DER.
    data: the bytes that the token must be about; by SHA-256.
    authority: the certificates to trust. They must have been valid when the token was made, and may have ended since.
    nonce: the number of the request, right after it was sent; None for a token of earlier.
    policy: the authority's policy as dotted numbers; None for any.

    No list of revoked certificates is asked. Nobody signs some bytes of a token, so a signature over it must bind it.
    """
    if len(token) > MOST_TOKEN_BYTES:
        raise TokenError("too_large", f"the token has {len(token)} bytes; {MOST_TOKEN_BYTES} at most are read")
    try:
        return _judged(token, data, authority, nonce, policy)
    except TokenError:
        raise
    except Exception as error:  # of odd names and dates the libraries raise KeyError and TypeError too
        told = _clean(str(error))[:120]
        raise TokenError("malformed", f"it is no whole timestamp answer in DER ({told})") from error


def _judged(token: bytes, data: bytes, authority: Authority, nonce: int | None, policy: str | None) -> datetime:
    reply = decode_timestamp_response(token)
    if reply.status != _GRANTED:
        told = "; ".join(_clean(each) for each in reply.status_string) or "without a reason"
        status = _STATUS.get(reply.status, f"status {reply.status}")
        raise TokenError("refused", f"the authority answers {status}: {told}"[:400])
    if not reply.time_stamp_token():
        raise TokenError("no_token", "the authority's answer has no token in it")
    parts = _parts(reply)
    _check_request(parts, data, nonce, policy)
    signer = _signer(parts)
    _check_usage(signer)
    _check_chain(signer, parts, authority)
    verifier = VerifierBuilder(roots=[*authority.roots], intermediates=[*authority.intermediates]).build()
    try:
        verifier.verify_message(reply, data)
    except VerificationError as error:
        raise _of_library(error) from error
    return parts.at


def _parts(reply: TimeStampResponse) -> _Token:
    signed, told = reply.signed_data, reply.tst_info
    return _Token(
        at=told.gen_time,
        hash_algorithm=told.message_imprint.hash_algorithm,
        imprint=told.message_imprint.message,
        nonce=told.nonce,
        policy=told.policy.dotted_string,
        certificates=tuple(x509.load_der_x509_certificate(one) for one in sorted(signed.certificates)),
        signers=tuple((one.issuer, one.serial_number) for one in signed.signer_infos),
    )


def _check_request(parts: _Token, data: bytes, nonce: int | None, policy: str | None) -> None:
    if parts.hash_algorithm != SHA256:
        told = parts.hash_algorithm.dotted_string
        raise TokenError("other_hash", f"the token is about a hash of the kind {told}, not about SHA-256")
    if parts.imprint != hashlib.sha256(data).digest():
        raise TokenError("other_data", f"the token is about other data, whose SHA-256 is {parts.imprint.hex()[:64]}")
    if nonce is not None and parts.nonce != nonce:
        raise TokenError("other_nonce", "the token answers another request: its nonce is another one")
    if policy is not None and parts.policy != policy:
        raise TokenError("other_policy", f"the token was made by the policy {parts.policy}, not by {policy}")


def _signer(parts: _Token) -> x509.Certificate:
    if len(parts.signers) != 1 or len(parts.certificates) > MOST_CERTIFICATES:
        counts = f"{len(parts.signers)} signers and {len(parts.certificates)} certificates"
        raise TokenError("malformed", f"the token has {counts}; one and at most {MOST_CERTIFICATES} are right")
    [signer] = parts.signers
    found = [one for one in parts.certificates if (one.issuer, one.serial_number) == signer]
    if not found:
        raise TokenError("no_certificate", "the certificate of the token's signer is not in the token")
    if len(found) > 1:  # one would be judged, and the other's key would have signed
        raise TokenError("malformed", f"the token has {len(found)} certificates with its signer's name and number")
    return found[0]


def _check_usage(signer: x509.Certificate) -> None:
    """RFC 3161, section 2.3: the certificate has that one purpose, marked as critical."""
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        usage = None
    if usage is None or not usage.critical or [*usage.value] != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TokenError("wrong_usage", f"{_name(signer)} is not for timestamps alone (critical timeStamping usage)")


def _check_chain(signer: x509.Certificate, parts: _Token, authority: Authority) -> None:
    """Tells the two commonest faults of a chain exactly. The library judges the chain itself."""
    between = (*authority.intermediates, *parts.certificates)
    if not _leads_to(authority.roots, signer, between):
        raise TokenError("other_authority", f"no chain leads from {_name(signer)} to a root of the authority")
    lasting = [[one for one in ones if _valid(one, parts.at)] for ones in (authority.roots, between)]
    if not _valid(signer, parts.at) or not _leads_to(lasting[0], signer, lasting[1]):
        when = f"{parts.at:%Y-%m-%dT%H:%M:%SZ}"
        raise TokenError("expired", f"a certificate from {_name(signer)} to its root was not valid at {when}")


def _leads_to(roots: Iterable[x509.Certificate], signer: x509.Certificate, between: Iterable[x509.Certificate]) -> bool:
    """Returns true when some of the certificates between link the signer to a root. Each is looked at once."""
    reached, left = {signer}, [signer]
    while left:
        one = left.pop()
        if any(_is_from(one, root) for root in roots):
            return True
        further = [issuer for issuer in between if issuer not in reached and _is_from(one, issuer)]
        reached.update(further)
        left += further
    return False


def _is_from(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _valid(one: x509.Certificate, at: datetime) -> bool:
    return one.not_valid_before_utc <= at <= one.not_valid_after_utc


def _may_sign(one: x509.Certificate) -> bool:
    try:
        return one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _of_library(error: VerificationError) -> TokenError:
    found = _CHAIN.search(str(error))
    if found:
        return TokenError("chain", f"the chain of the token's signer does not hold: {_clean(found[1])}")
    return TokenError("signature", "the token's signature is not its signer's")


def _name(one: x509.Certificate) -> str:
    return f"the certificate {_clean(one.subject.rfc4514_string()) or 'without a name'}"


def _clean(text: str) -> str:
    """Returns one line of printable characters: the text is of a stranger."""
    return "".join(each if each.isprintable() else " " for each in text)[:200]
