"""One's own API keys: made, listed, shown again in their first hour, revoked."""

from __future__ import annotations

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cambist.api_types import keys as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Nothing
from cambist.dialects.native.auth import ED25519, ed25519_form
from cambist.dialects.native.endpoint import DIALECT, Call
from cambist.dialects.native.endpoints.accounts import user_of
from cambist.directory import ApiKey, DirectoryRejection, KeyForm, marks
from cambist.directory.security_events import SecurityEventKind
from cambist.directory.values import REVEAL_WINDOW

MOST_KEYS = 50


def list_key_kinds(call: Call) -> list[api.KeyKind]:
    """The APIs that keys can be made for."""
    forms = call.context.services.key_forms
    return [api.KeyKind(api=form.dialect, scopes=sorted(form.scopes), default_scopes=sorted(form.default_scopes)) for form in forms]


def list_snippets(call: Call) -> list[api.Snippet]:
    """Small programs for each kind of key, in Python, JavaScript and curl."""
    return [
        api.Snippet(api=each.form, language=each.language, private_key=each.private_key, text=each.text)
        for each in call.context.services.snippets
    ]


async def create_key(call: Call, *, body: api.CreateKey) -> api.KeyWithSecret | Problem:
    """A new key. Its secret is shown here, and again for an hour. `api-unknown`, `scope-unknown`, `address-invalid`, `public-key-invalid`,
    `too-many-keys`, `proof-required`."""
    form = next((form for form in call.context.services.key_forms if form.dialect == body.api), None)
    if form is None:
        return problem(Code.API_UNKNOWN, field="api")
    if body.public_key is not None:
        if body.api != DIALECT or not _is_point(body.public_key):
            return problem(Code.PUBLIC_KEY_INVALID, field="public_key")
        form = ed25519_form(body.public_key)
    scopes = sorted(form.default_scopes) if body.scopes is None else body.scopes
    unknown = sorted(set(scopes) - form.scopes)
    if unknown or not scopes:
        return problem(Code.SCOPE_UNKNOWN, f"Name at least one of {', '.join(sorted(form.scopes))}.", field="scopes")
    return await _minted(call, form, scopes, body.addresses)


async def _minted(call: Call, form: KeyForm, scopes: list[str], addresses: list[str]) -> api.KeyWithSecret | Problem:
    directory, client = call.context.services.directory, call.request.client
    user = await user_of(call)

    def mint() -> ApiKey | DirectoryRejection | None:
        if len(directory.keys(user)) >= MOST_KEYS:
            return None
        key = directory.mint_key(user, form, scopes, addresses)
        if not isinstance(key, DirectoryRejection):
            directory.security_events.record(user, SecurityEventKind.KEY_CREATED, client)
        return key

    key = await asyncio.to_thread(mint)
    if key is None:
        return problem(Code.TOO_MANY_KEYS)
    if isinstance(key, DirectoryRejection):
        invalid = key is DirectoryRejection.ADDRESS_INVALID
        return problem(Code.ADDRESS_INVALID, field="addresses") if invalid else problem(Code.UNAVAILABLE)
    return _with_secret(call, form, key)


def _is_point(public_key: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    except ValueError:
        return False
    return True


async def _own(call: Call, text: str) -> ApiKey | None:
    """One's own live key of that id."""
    keys = await asyncio.to_thread(call.context.services.directory.keys, await user_of(call))
    return next((key for key in keys if str(key.id) == text), None)


async def list_keys(call: Call) -> list[api.Key]:
    """One's own keys, never their secrets."""
    keys = await asyncio.to_thread(call.context.services.directory.keys, await user_of(call))
    return [_row(call, key) for key in keys]


async def reveal_key(call: Call, *, key: str) -> api.KeyWithSecret | Problem:
    """A key's secret again, in its first hour. `not-found`, `api-unknown`, `reveal-over`, `proof-required`."""
    own = await _own(call, key)
    if own is None:
        return problem(Code.NOT_FOUND)
    directory = call.context.services.directory
    form = next((form for form in call.context.services.key_forms if form.dialect == own.dialect), None)
    if form is None:
        return problem(Code.API_UNKNOWN)
    return problem(Code.REVEAL_OVER) if isinstance(directory.reveal_secret(own), DirectoryRejection) else _with_secret(call, form, own)


async def revoke_key(call: Call, *, key: str) -> Nothing | Problem:
    """Ends a key for good, and what its open sockets follow. `not-found`."""
    own = await _own(call, key)
    if own is None:
        return problem(Code.NOT_FOUND)
    services = call.context.services
    # The journal first, for good: what the directory forgets in a crash is then done again at the next start.
    await services.commands.note(call.caller.meta(marks.key_revoked(own.id)))
    await services.durable()
    await asyncio.to_thread(services.directory.revoke, own)
    user = await user_of(call)
    await asyncio.to_thread(services.directory.security_events.record, user, SecurityEventKind.KEY_REVOKED, call.request.client)
    return Nothing()


def _row(call: Call, key: ApiKey) -> api.Key:
    public_key = key.secret.removeprefix(ED25519) if key.secret.startswith(ED25519) else None
    until = key.created + REVEAL_WINDOW
    return api.Key(
        id=str(key.id),
        api=key.dialect,
        key=key.key,
        scopes=sorted(key.scopes),
        addresses=[str(network) for network in key.ip_allow],
        created=key.created,
        secret_until=until,
        revealable=public_key is None and call.context.services.clock() < until,
        public_key=public_key,
    )


def _with_secret(call: Call, form: KeyForm, key: ApiKey) -> api.KeyWithSecret:
    row = _row(call, key)
    credentials = form.credentials(key) if row.public_key is None else {"key": key.key, "public_key": row.public_key}
    return api.KeyWithSecret(key=row, credentials=credentials)
