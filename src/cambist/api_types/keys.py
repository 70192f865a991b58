"""API keys, each for one of the venue's APIs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cambist.api_types.values import Id, Request, Time, Value


class KeyKind(Value, frozen=True, kw_only=True):
    """An API that keys can be made for, with the scopes that it has, and those that a key gets when none are named."""

    api: str
    scopes: list[str]
    default_scopes: list[str]


class CreateKey(Request, frozen=True, kw_only=True):
    """`addresses`: from where alone the key may be used, addresses or networks; none for anywhere. `public_key`: an Ed25519 key, 64 hex
    digits, whose private half stays with its owner; for the native API alone."""

    api: Annotated[str, Meta(max_length=32, examples=["native"])]
    scopes: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=16)] | None = None
    addresses: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=32)] = []  # noqa: RUF012 - msgspec copies it
    public_key: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None


class Key(Value, frozen=True, kw_only=True):
    """A key without its secret. `key` is its public text; the secret can be fetched again until `secret_until`. `revealable`: now, by the
    server's clock. `public_key`: of an Ed25519 key, which has no secret here."""

    id: Id
    api: str
    key: str
    scopes: list[str]
    addresses: list[str]
    created: Time
    secret_until: Time
    revealable: bool
    public_key: str | None


class KeyWithSecret(Value, frozen=True, kw_only=True):
    """`credentials`: what a client needs, by the names that people know it by."""

    key: Key
    credentials: dict[str, str]


class Snippet(Value, frozen=True, kw_only=True):
    """A small program that asks for one's balances with a key. In `text` stand `<url>` for the venue's address and `<NAME>` for each of the
    key's `credentials`. `private_key`: it is for an Ed25519 key, and `<private_key_file>` is where its owner has it, as PKCS#8 in PEM."""

    api: str
    language: Literal["python", "javascript", "curl"]
    private_key: bool
    text: str
