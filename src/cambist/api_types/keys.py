"""API keys, each for one of the venue's APIs."""

from __future__ import annotations

from typing import Annotated

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
    public_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class Key(Value, frozen=True, kw_only=True):
    """A key without its secret. `key` is its public text; the secret can be fetched again until `secret_until`."""

    id: Id
    api: str
    key: str
    scopes: list[str]
    addresses: list[str]
    created: Time
    secret_until: Time


class KeyWithSecret(Value, frozen=True, kw_only=True):
    """`credentials`: what a client needs, by the names that people know it by."""

    key: Key
    credentials: dict[str, str]
