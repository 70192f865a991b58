"""What a browser sends after `navigator.credentials.create` and `.get`, checked (Web Authentication, level 2) by the package `webauthn`.

The package is imported by the first check: it takes longer than all else that a venue's start does for its directory. Both functions take
milliseconds at most after that, and belong on a worker thread.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

LONGEST_CREDENTIAL = 1_023
"""Bytes of a credential's id, by the standard."""


class _ClientData(msgspec.Struct):
    challenge: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new credential that its authenticator vouched for."""

    credential: bytes
    public_key: bytes = field(repr=False)
    counter: int
    synced: bool


def decoded(text: str) -> bytes:
    """Of base64url without padding; empty for what is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def encoded(octets: bytes) -> str:
    """Base64url without padding, as WebAuthn's JSON has it."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def challenge_of(client_data: str) -> bytes:
    """The challenge that a `clientDataJSON` (base64url) names, not looked at yet; empty when there is none."""
    try:
        return decoded(msgspec.json.decode(decoded(client_data), type=_ClientData).challenge)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b""


def enrolled(credential: Mapping[str, Any], challenge: bytes, host: str, origin: str) -> Enrolled | None:
    """The credential that a browser made at `origin` for `host`, its owner verified; None when anything in it is not as it must be.

    Who made the authenticator is not asked (no attestation).
    """
    from webauthn import verify_registration_response  # noqa: PLC0415 - see above

    try:
        found = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=host,
            expected_origin=origin,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001, RUF100 - whatever a stranger's bytes make of a parser, they are no credential
        return None
    if not 0 < len(found.credential_id) <= LONGEST_CREDENTIAL:
        return None
    return Enrolled(found.credential_id, found.credential_public_key, found.sign_count, found.credential_backed_up)


def signed_counter(credential: Mapping[str, Any], challenge: bytes, host: str, origin: str, public_key: bytes) -> int | None:
    """The authenticator's counter in a right signature, its owner verified; None when anything in it is not as it must be."""
    from webauthn import verify_authentication_response  # noqa: PLC0415 - see above

    try:
        found = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=host,
            expected_origin=origin,
            credential_public_key=public_key,
            # The package compares counters before it looks at the signature; here a counter counts only when it is signed.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001, RUF100 - as above
        return None
    return found.new_sign_count
