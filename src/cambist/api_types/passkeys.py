"""Passkeys (Web Authentication): options and answers have the JSON form that browsers read and write, names in camel case."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cambist.api_types.values import Id, Request, Time, Value

PasskeyName = Annotated[str, Meta(min_length=1, max_length=64, examples=["My phone"])]
Base64Url = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]*\Z", max_length=4_096)]
Octets = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]*\Z", max_length=16_384)]


class Passkey(Value, frozen=True, kw_only=True):
    """One of one's own. `host`: the host name that it is for. `synced`: it lives in more than one device. `used`: when it last was."""

    id: Id
    name: str
    host: str
    synced: bool
    created: Time
    used: Time | None


class RelyingParty(Value, frozen=True, kw_only=True):
    """This venue, as authenticators name it."""

    id: str
    name: str


class PasskeyUser(Value, frozen=True, kw_only=True, rename="camel"):
    """Whom the passkey will be of; `id` is base64url of bytes that say nothing."""

    id: str
    name: str
    display_name: str


class KeyParameter(Value, frozen=True, kw_only=True):
    """A kind of key, by its COSE number."""

    type: Literal["public-key"]
    alg: int


class CredentialDescriptor(Value, frozen=True, kw_only=True):
    """A credential by its id, base64url."""

    type: Literal["public-key"]
    id: str


class AuthenticatorSelection(Value, frozen=True, kw_only=True, rename="camel"):
    """What an authenticator must do: keep the passkey itself, and ask its owner for a finger, a face or a PIN."""

    resident_key: Literal["required"]
    require_resident_key: bool
    user_verification: Literal["required"]


class PasskeyCreationOptions(Value, frozen=True, kw_only=True, rename="camel"):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON` and `navigator.credentials.create`; the challenge is good for `timeout` ms."""

    rp: RelyingParty
    user: PasskeyUser
    challenge: str
    pub_key_cred_params: list[KeyParameter]
    timeout: int
    exclude_credentials: list[CredentialDescriptor]
    authenticator_selection: AuthenticatorSelection
    attestation: Literal["none"]


class PasskeyRequestOptions(Value, frozen=True, kw_only=True, rename="camel"):
    """For `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`; the challenge is good for `timeout` ms."""

    challenge: str
    timeout: int
    rp_id: str
    allow_credentials: list[CredentialDescriptor]
    user_verification: Literal["required"]


# What browsers write has more fields than are read here, and others with each version: they are passed over.
class CreatedResponse(
    msgspec.Struct, frozen=True, kw_only=True, rename={"client_data": "clientDataJSON", "attestation": "attestationObject"}
):
    """The `response` of a credential that was created."""

    client_data: Base64Url
    attestation: Octets


class CreatedCredential(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`toJSON()` of what `navigator.credentials.create` gave."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]
    response: CreatedResponse


class SignedResponse(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"client_data": "clientDataJSON", "authenticator_data": "authenticatorData", "user_handle": "userHandle"},
):
    """The `response` of a credential that signed."""

    client_data: Base64Url
    authenticator_data: Base64Url
    signature: Base64Url
    user_handle: Base64Url | None = None


class SignedCredential(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`toJSON()` of what `navigator.credentials.get` gave."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]
    response: SignedResponse


class EnrolPasskey(Request, frozen=True, kw_only=True):
    """What the browser made of the options, and what the passkey is to be called."""

    name: PasskeyName
    credential: CreatedCredential


class UsePasskey(Request, frozen=True, kw_only=True):
    """What the browser made of the options."""

    credential: SignedCredential


class RenamePasskey(Request, frozen=True, kw_only=True):
    """What it is to be called from now on."""

    name: PasskeyName
