"""API keys, each minted for one dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from cambist.directory import ApiKey, Directory, DirectoryRejection, KeyForm, User, marks
from cambist.operations.operation import Effect, Holder, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found, of_directory


class CreateKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scopes` None: the dialect's own default ones, which cannot take money out. `ip_allow`: addresses or networks, none for anywhere."""

    user: Holder
    dialect: str
    scopes: list[str] | None = None
    ip_allow: list[str] = []


class KeyShown(msgspec.Struct, frozen=True):
    """`credentials`: what a client needs, by the names that people know it by."""

    user: str
    dialect: str
    scopes: list[str]
    ip_allow: list[str]
    credentials: dict[str, str]


async def create_key(call: OperatorCall, request: CreateKey) -> KeyShown | Rejected:
    """A new key. `user-unknown`, `dialect-unknown`, `scopes-empty`, the directory's rejections."""
    form = _form(call, request.dialect)
    if isinstance(form, Rejected):
        return form
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    scopes = sorted(form.default_scopes) if request.scopes is None else request.scopes
    return await _minted(call, user, form, scopes, request.ip_allow)


async def _minted(call: OperatorCall, user: User, form: KeyForm, scopes: Sequence[str], ip_allow: Sequence[str]) -> KeyShown | Rejected:
    known = ", ".join(sorted(form.scopes))
    if not scopes:
        return Rejected("scopes-empty", Kind.REFUSED, f"a key without any scope could do nothing; {form.dialect} has {known}")
    unknown = sorted(set(scopes) - form.scopes) if form.scopes else []
    if unknown:
        return Rejected("scope-unknown", Kind.REFUSED, f"{form.dialect} has no scope {', '.join(unknown)}; it has {known}")
    key = await asyncio.to_thread(call.context.directory.mint_key, user, form, scopes, ip_allow)
    return of_directory(key) if isinstance(key, DirectoryRejection) else _shown(user.name, form, key)


class ListKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` None: everybody's."""

    user: Holder | None = None


class KeyRow(msgspec.Struct, frozen=True):
    user: str
    dialect: str
    key: str
    scopes: list[str]
    ip_allow: list[str]
    created: int


async def list_keys(call: OperatorCall, request: ListKeys) -> list[KeyRow] | Rejected:
    """Live keys in order of creation, those of frozen users too; never a secret. `user-unknown`."""
    directory = call.context.directory
    user = call.user(request.user) if request.user is not None else None
    if isinstance(user, Rejected):
        return user
    return await asyncio.to_thread(_key_rows, directory, user)


def _key_rows(directory: Directory, user: User | None) -> list[KeyRow]:
    """On a thread: every key's secret is decrypted on the way."""
    names = {person.id: person.name for person in directory.users(erased=True)}
    return [
        KeyRow(names[key.user], key.dialect, key.key, sorted(key.scopes), [str(network) for network in key.ip_allow], key.created)
        for key in directory.keys(user)
    ]


class OfKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key's public text (Expie: its access id)."""

    key: str


class KeyRevoked(msgspec.Struct, frozen=True):
    """`repeated`: it was revoked before."""

    key: str
    repeated: bool


async def revoke_key(call: OperatorCall, request: OfKey) -> KeyRevoked | Rejected:
    """Ends a key for good, its open sockets too. `key-unknown`. The journal remembers it, so no older directory brings the key back."""
    key = call.context.directory.stored_key(request.key)
    if key is None:
        return not_found("key", request.key)
    return KeyRevoked(request.key, not await _revoke(call, key))


async def _revoke(call: OperatorCall, key: ApiKey) -> bool:
    call.subject = key.account
    await call.context.commands.note(call.meta(**marks.key_revoked(key.id)))
    await call.durable()
    return await asyncio.to_thread(call.context.directory.revoke, key)


async def renew_key(call: OperatorCall, request: OfKey) -> KeyShown | Rejected:
    """A new key in the place of one: same user, dialect, scopes and addresses, no nonce used yet; the old one is revoked.

    `key-unknown`, `key-revoked`, `dialect-unknown` when its API is no longer served.
    """
    directory = call.context.directory
    old = directory.stored_key(request.key)
    if old is None:
        return not_found("key", request.key)
    if old.revoked is not None:
        return of_directory(DirectoryRejection.KEY_REVOKED)
    form = _form(call, old.dialect)
    if isinstance(form, Rejected):
        return form
    user = directory.user_by_account(old.account)
    assert user is not None, f"key {old.id} has no user"
    shown = await _minted(call, user, form, sorted(old.scopes), [str(network) for network in old.ip_allow])
    if not isinstance(shown, Rejected):
        await _revoke(call, old)
    return shown


async def reveal_key(call: OperatorCall, request: OfKey) -> KeyShown | Rejected:
    """The secret again, during a key's first hour. `key-unknown`, `key-revoked`, `reveal-over`."""
    directory = call.context.directory
    key = directory.stored_key(request.key)
    if key is None:
        return not_found("key", request.key)
    call.subject = key.account
    secret = directory.reveal_secret(key)
    if isinstance(secret, DirectoryRejection):
        return of_directory(secret)
    form = _form(call, key.dialect)
    user = directory.user_by_account(key.account)
    assert user is not None, f"key {key.id} has no user"
    return form if isinstance(form, Rejected) else _shown(user.name, form, key)


def _shown(user: str, form: KeyForm, key: ApiKey) -> KeyShown:
    return KeyShown(user, form.dialect, sorted(key.scopes), [str(network) for network in key.ip_allow], form.credentials(key))


def _form(call: OperatorCall, dialect: str) -> KeyForm | Rejected:
    forms = {form.dialect: form for form in call.context.key_forms}
    return forms[dialect] if dialect in forms else not_found("dialect", dialect, f"; known: {', '.join(forms)}")


OPERATIONS = (
    Operation("key.create", CreateKey, create_key, Effect.CHANGE, proof=True),
    Operation("key.list", ListKeys, list_keys, Effect.READ, recorded=False),
    Operation("key.revoke", OfKey, revoke_key, Effect.CHANGE),
    Operation("key.renew", OfKey, renew_key, Effect.CHANGE, proof=True),
    Operation("key.reveal", OfKey, reveal_key, Effect.CHANGE, proof=True),
)
