"""Passkeys (Web Authentication): enrolled, listed, named, removed, and used: to log in, and to prove who one is once more.

A passkey is bound to the host name that people reach the server by (`origin` of the settings, else as the request says), and asks its owner
for a finger, a face or a PIN, so that it stands for password and code together. Signatures are checked on a thread.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from cambist.api_types import passkeys as api
from cambist.api_types.accounts import Session
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Nothing
from cambist.dialects.native.auth import from_this_site
from cambist.dialects.native.endpoint import Call, Headed, rate_limited
from cambist.dialects.native.endpoints import accounts
from cambist.directory import DirectoryRejection, Passkey, PasskeyUse, User, marks
from cambist.directory.login import network_of
from cambist.directory.passkey_proofs import challenge_of, decoded, encoded, enrolled, signed_counter
from cambist.directory.passkeys import CHALLENGE_LIFETIME
from cambist.directory.security_events import SecurityEventKind

ALGORITHMS = (-8, -7, -257)
"""EdDSA, ES256, RS256: what is checked here, the preferred one first."""
TIMEOUT = CHALLENGE_LIFETIME // 1_000
LOG_IN = "log-in"
CODES = {
    DirectoryRejection.PASSKEY_TAKEN: Code.PASSKEY_TAKEN,
    DirectoryRejection.TOO_MANY_PASSKEYS: Code.TOO_MANY_PASSKEYS,
    DirectoryRejection.USER_FROZEN: Code.USER_FROZEN,
}


@dataclass(frozen=True, slots=True)
class _Site:
    """What passkeys are bound to: the page's origin, and its host name."""

    origin: str
    host: str


def _site(call: Call) -> _Site | Problem:
    """Browsers have passkeys on names only, and without TLS on this machine's own alone."""
    origin = call.context.settings.origin or call.request.base_url
    parts = urlsplit(origin)
    host = parts.hostname or ""
    local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_address(host) or (parts.scheme != "https" and not local):
        return problem(Code.PASSKEYS_UNAVAILABLE)
    return _Site(origin, host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _enrolling(call: Call) -> str:
    """The purpose of challenges for new passkeys of this login."""
    return f"enrol/{call.session.session.id}"


def _proving(call: Call) -> str:
    return f"prove/{call.session.session.id}"


# --- one's own --------------------------------------------------------------------------------------------------------------
async def list_passkeys(call: Call) -> list[api.Passkey]:
    """One's own passkeys, in the order in which they were enrolled."""
    directory = call.context.services.directory
    return [_row(passkey) for passkey in await asyncio.to_thread(directory.passkeys.of, await accounts.user_of(call))]


def _row(passkey: Passkey) -> api.Passkey:
    return api.Passkey(
        id=str(passkey.id),
        name=passkey.name,
        host=passkey.host,
        synced=passkey.synced,
        created=passkey.created,
        used=passkey.used,
    )


async def begin_passkey(call: Call) -> api.PasskeyCreationOptions | Problem:
    """What a browser makes a new passkey from. `proof-required`, `passkeys-unavailable`."""
    site = _site(call)
    if isinstance(site, Problem):
        return site
    user, passkeys = await accounts.user_of(call), call.context.services.directory.passkeys
    known = await asyncio.to_thread(passkeys.of, user)
    return api.PasskeyCreationOptions(
        rp=api.RelyingParty(id=site.host, name="Cambist"),
        user=api.PasskeyUser(id=encoded(passkeys.handle(user)), name=user.name, display_name=user.name),
        challenge=encoded(passkeys.challenges.issue(_enrolling(call))),
        pub_key_cred_params=[api.KeyParameter(type="public-key", alg=number) for number in ALGORITHMS],
        timeout=TIMEOUT,
        exclude_credentials=[_descriptor(passkey) for passkey in known if passkey.host == site.host],
        authenticator_selection=api.AuthenticatorSelection(
            resident_key="required", require_resident_key=True, user_verification="required"
        ),
        attestation="none",
    )


def _descriptor(passkey: Passkey) -> api.CredentialDescriptor:
    return api.CredentialDescriptor(type="public-key", id=encoded(passkey.credential))


async def enrol_passkey(call: Call, *, body: api.EnrolPasskey) -> api.Passkey | Problem:
    """Takes the browser's new passkey. `proof-required`, `passkeys-unavailable`, `passkey-wrong`, `passkey-taken`, `too-many-passkeys`."""
    site = _site(call)
    if isinstance(site, Problem):
        return site
    directory, client = call.context.services.directory, call.request.client
    user, purpose = await accounts.user_of(call), _enrolling(call)

    def enrol() -> Passkey | DirectoryRejection | None:
        challenge = challenge_of(body.credential.response.client_data)
        if directory.passkeys.challenges.stamp(purpose, challenge) is None:
            return None
        made = enrolled(msgspec.to_builtins(body.credential), challenge, site.host, site.origin)
        if made is None:
            return None
        added = directory.passkeys.add(user, body.name, site.host, made.credential, made.public_key, made.counter, synced=made.synced)
        if isinstance(added, Passkey):
            directory.security_events.record(user, SecurityEventKind.PASSKEY_ADDED, client)
        return added

    passkey = await asyncio.to_thread(enrol)
    if passkey is None:
        return problem(Code.PASSKEY_WRONG)
    return _row(passkey) if isinstance(passkey, Passkey) else problem(CODES.get(passkey, Code.UNAVAILABLE))


def _number(text: str) -> int:
    """0 for what is no passkey's id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


async def rename_passkey(call: Call, *, passkey: str, body: api.RenamePasskey) -> api.Passkey | Problem:
    """Gives one of one's own another name. `not-found`."""
    directory, number = call.context.services.directory, _number(passkey)
    user = await accounts.user_of(call)

    def rename() -> Passkey | None:
        if not directory.passkeys.rename(user, number, body.name):
            return None
        directory.security_events.record(user, SecurityEventKind.PASSKEY_RENAMED, call.request.client)
        return next((each for each in directory.passkeys.of(user) if each.id == number), None)

    renamed = await asyncio.to_thread(rename)
    return problem(Code.NOT_FOUND) if renamed is None else _row(renamed)


async def remove_passkey(call: Call, *, passkey: str) -> Nothing | Problem:
    """Ends one of one's own for good. `proof-required`, `not-found`."""
    services, number = call.context.services, _number(passkey)
    user = await accounts.user_of(call)
    if not any(each.id == number for each in await asyncio.to_thread(services.directory.passkeys.of, user)):
        return problem(Code.NOT_FOUND)
    # The journal first, for good: what the directory forgets in a crash is then done again at the next start.
    await services.commands.note(call.caller.meta(marks.passkey_removed(user.account, number)))
    await services.durable()
    await asyncio.to_thread(services.directory.passkeys.remove, user, number)
    await asyncio.to_thread(services.directory.security_events.record, user, SecurityEventKind.PASSKEY_REMOVED, call.request.client)
    return Nothing()


# --- using one --------------------------------------------------------------------------------------------------------------
def begin_passkey_log_in(call: Call) -> api.PasskeyRequestOptions | Problem:
    """What a browser asks its owner's authenticator with, whoever that is. `passkeys-unavailable`."""
    site = _site(call)
    return site if isinstance(site, Problem) else _requested(call, site, LOG_IN, [])


def _requested(call: Call, site: _Site, purpose: str, allowed: list[api.CredentialDescriptor]) -> api.PasskeyRequestOptions:
    challenge = call.context.services.directory.passkeys.challenges.issue(purpose)
    return api.PasskeyRequestOptions(
        challenge=encoded(challenge), timeout=TIMEOUT, rp_id=site.host, allow_credentials=allowed, user_verification="required"
    )


async def log_in_with_passkey(call: Call, *, body: api.UsePasskey) -> Headed[Session] | Problem:
    """Opens a session, as a login with password and code does. `passkey-wrong`, `passkeys-unavailable`, `user-frozen`, `rate-limited`."""
    if not from_this_site(call.request):
        return problem(Code.CSRF_WRONG, "This request comes from another site's page.")
    wait = call.context.strangers.admit("passkey", address=network_of(call.request.client))
    if wait:
        return rate_limited(wait)
    moment = await asyncio.to_thread(call.context.services.directory.sessions.moment)
    user = await _signer(call, body.credential, LOG_IN)
    if isinstance(user, Problem):
        return user
    if user.frozen is not None:
        return problem(Code.USER_FROZEN)
    session = await accounts.opened(call, user, await accounts.known_device(call, user), SecurityEventKind.PASSKEY_LOGIN, moment)
    return problem(Code.PASSKEY_WRONG) if session is None else session


async def begin_passkey_proof(call: Call) -> api.PasskeyRequestOptions | Problem:
    """What a browser asks for one of one's own passkeys with, to prove once more who one is. `passkeys-unavailable`."""
    site = _site(call)
    if isinstance(site, Problem):
        return site
    known = await asyncio.to_thread(call.context.services.directory.passkeys.of, await accounts.user_of(call))
    return _requested(call, site, _proving(call), [_descriptor(passkey) for passkey in known if passkey.host == site.host])


async def prove_with_passkey(call: Call, *, body: api.UsePasskey) -> Session | Problem:
    """As `prove_identity`, by one of one's own passkeys. `passkey-wrong`, `passkeys-unavailable`, `rate-limited`."""
    wait = call.context.strangers.admit("passkey", address=network_of(call.request.client))
    if wait:
        return rate_limited(wait)
    user = await _signer(call, body.credential, _proving(call))
    if isinstance(user, Problem):
        return user
    if user.id != call.session.user:
        return problem(Code.PASSKEY_WRONG)
    return await accounts.proved(call, user)


async def _signer(call: Call, credential: api.SignedCredential, purpose: str) -> User | Problem:
    """Whose passkey signed a challenge of that purpose, once."""
    site = _site(call)
    if isinstance(site, Problem):
        return site
    directory, client = call.context.services.directory, call.request.client

    def check() -> User | None:
        challenge = challenge_of(credential.response.client_data)
        stamp = directory.passkeys.challenges.stamp(purpose, challenge)
        passkey = directory.passkeys.find(decoded(credential.id)) if stamp is not None else None
        if passkey is None or stamp is None or passkey.host != site.host:
            return None
        user = directory.user_by_account(passkey.account)
        handle = credential.response.user_handle
        if user is None or (handle is not None and decoded(handle) != directory.passkeys.handle(user)):
            return None
        counter = signed_counter(msgspec.to_builtins(credential), challenge, site.host, site.origin, passkey.public_key)
        if counter is None:
            directory.security_events.record(user, SecurityEventKind.LOGIN_FAILED, client)
            return None
        use = directory.passkeys.accept(passkey, counter, stamp)
        if use is PasskeyUse.COUNTER_WENT_BACK:
            directory.security_events.record(user, SecurityEventKind.PASSKEY_SUSPECT, client)
        return user if use is PasskeyUse.ACCEPTED else None

    user = await asyncio.to_thread(check)
    return problem(Code.PASSKEY_WRONG) if user is None else user
