"""Signing up, logging in and out, passwords, second factors, sessions, and what happened to them.

Passwords and codes are looked at on a thread, within the budgets of guesses that every door of the venue shares (`dialect_kit/logins.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import re

from cambist import __version__
from cambist.api_types import accounts as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Nothing, Page, PageQuery
from cambist.api_types.venue import DemoLogIn, Sandbox, Venue
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.this_machine import from_this_machine
from cambist.dialects.native.auth import COOKIE, SECURE_COOKIE, SessionCaller, cookie, csrf_token, from_this_site, session_token
from cambist.dialects.native.endpoint import Call, Headed, rate_limited
from cambist.dialects.native.paging import cut
from cambist.dialects.native.qr_code import qr_code
from cambist.directory import DirectoryRejection, LoginRejection, Session, User, marks
from cambist.directory.login import ADMISSION_INTERVAL, KNOWN_FOR, network_of
from cambist.directory.security_events import SecurityEventKind
from cambist.domain.meta import Meta

SECOND = 1_000_000
CONTROL = "/sandbox"
"""Where a sandbox's control API is."""
DEVICE = re.compile(r"[0-9a-f]{32}", re.ASCII)
DIRECTORY_CODES = {
    DirectoryRejection.NAME_INVALID: Code.NAME_INVALID,
    DirectoryRejection.NAME_TAKEN: Code.NAME_TAKEN,
    DirectoryRejection.PASSWORD_TOO_SHORT: Code.PASSWORD_TOO_SHORT,
    DirectoryRejection.PASSWORD_TOO_LONG: Code.PASSWORD_TOO_LONG,
    DirectoryRejection.TOTP_ACTIVE: Code.TOTP_ACTIVE,
    DirectoryRejection.USER_FROZEN: Code.USER_FROZEN,
}
LOGIN_CODES = {
    LoginRejection.WRONG: Code.LOGIN_WRONG,
    LoginRejection.CODE_REQUIRED: Code.CODE_REQUIRED,
    LoginRejection.CODE_WRONG: Code.CODE_WRONG,
    LoginRejection.PAUSED: Code.LOGIN_PAUSED,
    LoginRejection.CODE_PAUSED: Code.CODE_PAUSED,
    LoginRejection.FROZEN: Code.USER_FROZEN,
}


# --- coming in and going out ------------------------------------------------------------------------------------------------
async def sign_up(call: Call, *, body: api.SignUp) -> Headed[api.Session] | Problem:
    """Makes a user with an account of their own, and logs them in. `sign-up-closed`, `name-taken`, `name-invalid`, `password-too-short`,
    `password-too-long`."""
    context, services = call.context, call.context.services
    if not context.settings.sign_up:
        return problem(Code.SIGN_UP_CLOSED)
    if not from_this_site(call.request):
        return problem(Code.CSRF_WRONG, "This request comes from another site's page.")
    wait = context.strangers.admit("sign-up", address=network_of(call.request.client), everybody=0)
    if wait:
        return rate_limited(wait)
    async with context.adding_users:
        # Before the account is opened: numbers are for ever, and a name that is taken shall not use one up.
        rejection = await asyncio.to_thread(services.directory.new_user_rejection, body.name, body.password)
        if rejection is not None:
            return problem(DIRECTORY_CODES.get(rejection, Code.REQUEST_INVALID))
        account = (await services.commands.open_account(meta=Meta(memo={"by": "sign-up"}))).id
        # A name must never stand on an account that a crash could take back and give to somebody else.
        await services.durable()
        user = await asyncio.to_thread(services.directory.add_user, body.name, body.password, account)
    if isinstance(user, DirectoryRejection):
        return problem(DIRECTORY_CODES.get(user, Code.UNAVAILABLE))
    moment = await asyncio.to_thread(services.directory.sessions.moment)
    device = await asyncio.to_thread(services.directory.login.remember_device, user, "")
    session = await opened(call, user, device, SecurityEventKind.SIGNED_UP, moment)
    return problem(Code.UNAVAILABLE) if session is None else session


async def log_in(call: Call, *, body: api.LogIn) -> Headed[api.Session] | Problem:
    """Opens a session: its token is in a cookie that no page can read, and is another one after each login. `login-wrong`, `code-required`,
    `code-wrong`, `login-paused`, `code-paused`, `user-frozen`."""
    if not from_this_site(call.request):
        return problem(Code.CSRF_WRONG, "This request comes from another site's page.")
    moment = await asyncio.to_thread(call.context.services.directory.sessions.moment)
    login = await _checked(call, body.name, body.password, body.code)
    if isinstance(login, Problem):
        return login
    session = await opened(call, *login, SecurityEventKind.LOGGED_IN, moment)
    return problem(Code.LOGIN_WRONG) if session is None else session


async def known_device(call: Call, user: User) -> str:
    """What the browser of somebody who came in is to show next time."""
    device = cookie(call.request, device_cookie(user.name))
    return await asyncio.to_thread(call.context.services.directory.login.remember_device, user, device if DEVICE.fullmatch(device) else "")


async def demo_log_in(call: Call, *, body: DemoLogIn) -> Headed[api.Session] | Problem:
    """Opens a session for a demo user of a sandbox, without a password, for a browser on the sandbox's own machine. `not-found`,
    `code-required` for one who has switched one-time codes on, `user-frozen`."""
    request, directory = call.request, call.context.services.directory
    if not from_this_site(request):
        return problem(Code.CSRF_WRONG, "This request comes from another site's page.")
    if body.name not in demo_users(call):
        return problem(Code.NOT_FOUND, "There is no such demo user here for you.")
    moment = await asyncio.to_thread(directory.sessions.moment)
    user = await asyncio.to_thread(directory.user, body.name)
    if user is None or user.frozen is not None:
        return problem(Code.USER_FROZEN if user is not None else Code.NOT_FOUND)
    if (await _profile(call, user)).second_factor:
        return problem(Code.CODE_REQUIRED, "This demo user has one-time codes: log in with password and code.")
    device = await asyncio.to_thread(directory.login.remember_device, user, "")
    session = await opened(call, user, device, SecurityEventKind.LOGGED_IN, moment)
    return problem(Code.USER_FROZEN) if session is None else session


def demo_users(call: Call) -> list[str]:
    """Who whoever sends this request may be without a password."""
    sandbox = call.context.services.sandbox
    return [] if sandbox is None or not from_this_machine(call.request) else list(sandbox.demo_users())


def show_venue(call: Call) -> Venue:
    """What kind of venue this is, and who may come in. Demo users are told to browsers on the sandbox's own machine only."""
    facts = call.context.services.sandbox
    near = facts is not None and from_this_machine(call.request)
    return Venue(
        kind="venue" if facts is None else "sandbox",
        version=__version__,
        sign_up=call.context.settings.sign_up,
        demo_users=demo_users(call),
        sandbox=Sandbox(seed=facts.seed, clock=facts.clock, preset=facts.preset, control=CONTROL) if facts is not None and near else None,
    )


async def _checked(call: Call, name: str, password: str, code: str | None) -> tuple[User, str] | Problem:
    """Who has this name, password and code, and what the browser is to show next time."""
    request, directory = call.request, call.context.services.directory
    device = cookie(request, device_cookie(name))
    known = device if DEVICE.fullmatch(device) else ""
    login = await call.context.services.logins.login(name, password, code or "", request.client, known)
    if isinstance(login, LoginRejection):
        user = await asyncio.to_thread(directory.user, name)
        if user is not None and login in (LoginRejection.WRONG, LoginRejection.CODE_WRONG):
            await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.LOGIN_FAILED, request.client)
        said = LOGIN_CODES[login]
        return problem(said, retry_after=ADMISSION_INTERVAL // SECOND if said in (Code.LOGIN_PAUSED, Code.CODE_PAUSED) else None)
    return login.user, login.device


async def opened(call: Call, user: User, device: str, kind: SecurityEventKind, moment: int) -> Headed[api.Session] | None:
    """A new session in the place of whatever session the browser had. None when all of the user's were ended since the `moment` (of
    `Sessions`) before it was looked at who they are: their password was changed meanwhile, or they were frozen."""
    directory, request = call.context.services.directory, call.request
    lifetime = call.context.settings.session_hours * 3_600 * SECOND
    before = directory.sessions.find(session_token(request))
    agent = "".join(each for each in request.headers.get(b"user-agent", b"").decode("latin-1") if each.isprintable())

    def open_session() -> tuple[str, Session] | None:
        if before is not None:
            directory.sessions.revoke(before)
        opened = directory.sessions.open_since(moment, user, lifetime, request.client, agent)
        if opened is not None:
            directory.security_events.record(user, kind, request.client)
        return opened

    found = await asyncio.to_thread(open_session)
    if found is None:
        return None
    token, session = found
    cookies = (
        _set_cookie(request, session_cookie(request), token, "/", lifetime // SECOND),
        _set_cookie(request, device_cookie(user.name), device, "/cambist/v1", KNOWN_FOR // SECOND),
    )
    return Headed(await _session(call, SessionCaller(session, token), user), (*_NO_STORE, *cookies))


_NO_STORE = ((b"cache-control", b"no-store"),)


def session_cookie(request: Request) -> str:
    return SECURE_COOKIE if request.scheme == "https" else COOKIE


def device_cookie(name: str) -> str:
    """Its own for each user: several may use one browser. It lets nobody in."""
    return f"cambist-device-{hashlib.blake2b(name.lower().encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _set_cookie(request: Request, name: str, value: str, path: str, seconds: int) -> tuple[bytes, bytes]:
    secure = "; Secure" if request.scheme == "https" else ""
    return b"set-cookie", f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}".encode()


async def _session(call: Call, caller: SessionCaller, user: User) -> api.Session:
    profile = await _profile(call, user)
    session = caller.session
    return api.Session(
        id=str(session.id),
        csrf_token=csrf_token(caller.token),
        expires=session.expires,
        proved_until=session.proved + call.context.settings.proof_lifetime,
        proof_seconds=call.context.settings.proof_minutes * 60,
        profile=profile,
    )


async def show_session(call: Call) -> api.Session:
    """The session that the cookie is of, and its CSRF token."""
    return await _session(call, call.session, await user_of(call))


async def prove_identity(call: Call, *, body: api.ProveIdentity) -> api.Session | Problem:
    """Says password and code once more: what answers `proof-required` is then done for a while (`proved_until`), as after a login.
    `login-wrong`, `code-required`, `code-wrong`, `login-paused`, `code-paused`, `user-frozen`."""
    user = await _proved(call, body.password, body.code)
    return user if isinstance(user, Problem) else await proved(call, user)


async def proved(call: Call, user: User) -> api.Session:
    """The session of somebody who proved once more who they are."""
    directory, caller = call.context.services.directory, call.session
    session = await asyncio.to_thread(directory.sessions.prove, caller.session)
    await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.IDENTITY_PROVED, call.request.client)
    return await _session(call, SessionCaller(session, caller.token, caller.role), user)


async def log_out(call: Call) -> Headed[Nothing]:
    """Ends the session."""
    directory = call.context.services.directory
    user = await user_of(call)
    await asyncio.to_thread(directory.sessions.revoke, call.session.session)
    await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.LOGGED_OUT, call.request.client)
    return Headed(Nothing(), (_set_cookie(call.request, session_cookie(call.request), "", "/", 0),))


async def user_of(call: Call) -> User:
    user = await asyncio.to_thread(call.context.services.directory.user_by_account, call.account)
    assert user is not None, f"account {call.account} has a session or a key, and no user"
    return user


async def _profile(call: Call, user: User) -> api.Profile:
    directory = call.context.services.directory

    def made() -> api.Profile:
        active = directory.totp.active(user) or directory.hotp.active(user)
        left = directory.recovery.left(user)
        role = directory.role(user.id)
        return api.Profile(
            name=user.name,
            account=user.account,
            created=user.created,
            second_factor=active,
            recovery_codes=left,
            role=role.value if role is not None else None,
        )

    return await asyncio.to_thread(made)


async def show_profile(call: Call) -> api.Profile:
    """Whose key or session this is."""
    return await _profile(call, await user_of(call))


# --- passwords and second factors -------------------------------------------------------------------------------------------
async def _proved(call: Call, password: str, code: str | None) -> User | Problem:
    """The session's user, who has said password and code again."""
    user = await user_of(call)
    checked = await _checked(call, user.name, password, code)
    return checked if isinstance(checked, Problem) else user


async def change_password(call: Call, *, body: api.ChangePassword) -> Headed[api.Session] | Problem:
    """Replaces the password and ends every session; this browser gets a new one. `login-wrong`, `login-paused`, `code-required`,
    `code-wrong`, `code-paused`, `user-frozen`, `password-too-short`, `password-too-long`."""
    directory = call.context.services.directory
    user = await _proved(call, body.password, body.code)
    if isinstance(user, Problem):
        return user
    number = await asyncio.to_thread(directory.set_password, user, body.new_password)
    if isinstance(number, DirectoryRejection):
        return problem(DIRECTORY_CODES.get(number, Code.UNAVAILABLE))
    moment = await asyncio.to_thread(directory.sessions.moment)
    await call.context.services.commands.note(call.caller.meta(marks.password_set(user.account, number)))
    session = await opened(call, user, await known_device(call, user), SecurityEventKind.PASSWORD_CHANGED, moment)
    return problem(Code.LOGIN_WRONG) if session is None else session


async def enrol_totp(call: Call) -> api.Enrolment | Problem:
    """A secret for an authenticator app; codes are asked for once a first one was confirmed. `totp-active`, `proof-required`."""
    user = await user_of(call)
    enrolment = await asyncio.to_thread(call.context.services.directory.totp.enrol, user)
    if isinstance(enrolment, DirectoryRejection):
        return problem(DIRECTORY_CODES.get(enrolment, Code.UNAVAILABLE))
    drawing = await asyncio.to_thread(qr_code, enrolment.uri)
    return api.Enrolment(secret=enrolment.secret, uri=enrolment.uri, qr_svg=drawing)


async def confirm_totp(call: Call, *, body: api.ConfirmCode) -> api.RecoveryCodes | Problem:
    """Switches one-time codes on, and gives the recovery codes. `code-wrong`."""
    directory, commands = call.context.services.directory, call.context.services.commands
    user = await user_of(call)
    number = await asyncio.to_thread(directory.totp.confirm, user, body.code)
    if number is None:
        return problem(Code.CODE_WRONG)
    await commands.note(call.caller.meta(marks.codes_on(user.account, number, "totp")))
    await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.CODES_ON, call.request.client)
    return await _renewed(call, user)


async def remove_totp(call: Call, *, body: api.ProveIdentity) -> api.Profile | Problem:
    """Switches one-time codes off, and takes the recovery codes away. `totp-inactive`, `login-wrong`, `login-paused`, `code-required`,
    `code-wrong`, `code-paused`, `user-frozen`."""
    directory = call.context.services.directory
    user = await _with_codes(call, body)
    if isinstance(user, Problem):
        return user
    number = await asyncio.to_thread(directory.remove_codes, user)
    await call.context.services.commands.note(call.caller.meta(marks.codes_off(user.account, number)))
    await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.CODES_OFF, call.request.client)
    return await _profile(call, user)


async def renew_recovery_codes(call: Call, *, body: api.ProveIdentity) -> api.RecoveryCodes | Problem:
    """New recovery codes in the place of all earlier ones. `totp-inactive`, `login-wrong`, `login-paused`, `code-required`, `code-wrong`,
    `code-paused`, `user-frozen`."""
    user = await _with_codes(call, body)
    return user if isinstance(user, Problem) else await _renewed(call, user)


async def _with_codes(call: Call, body: api.ProveIdentity) -> User | Problem:
    """The session's user, who has one-time codes and has proved it."""
    if not (await _profile(call, await user_of(call))).second_factor:
        return problem(Code.TOTP_INACTIVE)
    return await _proved(call, body.password, body.code)


async def _renewed(call: Call, user: User) -> api.RecoveryCodes:
    directory = call.context.services.directory
    codes, number = await asyncio.to_thread(directory.recovery.renew, user)
    await call.context.services.commands.note(call.caller.meta(marks.recovery_renewed(user.account, number)))
    await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.RECOVERY_RENEWED, call.request.client)
    return api.RecoveryCodes(codes=codes)


# --- sessions ---------------------------------------------------------------------------------------------------------------
async def list_sessions(call: Call) -> list[api.SessionRow]:
    """One's own logins, newest first."""
    own = call.session.session.id
    rows = call.context.services.directory.sessions.of(await user_of(call))
    return [
        api.SessionRow(
            id=str(row.id), created=row.created, expires=row.expires, address=row.address, agent=row.agent, current=row.id == own
        )
        for row in rows
    ]


async def revoke_session(call: Call, *, session: str) -> Nothing | Problem:
    """Ends one of one's own logins, and its open sockets. `not-found`."""
    directory = call.context.services.directory
    user = await user_of(call)
    found = next((row for row in directory.sessions.of(user) if str(row.id) == session), None)
    if found is None:
        return problem(Code.NOT_FOUND)
    await asyncio.to_thread(directory.sessions.revoke, found)
    await asyncio.to_thread(directory.security_events.record, user, SecurityEventKind.SESSION_REVOKED, call.request.client)
    return Nothing()


async def list_security_events(call: Call, *, query: PageQuery) -> Page[api.SecurityEvent]:
    """What happened to one's own security, newest first."""
    before = int(query.cursor) if query.cursor else None
    events = call.context.services.directory.security_events
    found = await asyncio.to_thread(events.newest, await user_of(call), query.limit + 1, before)
    part, following = cut(found, query.limit, lambda event: event.id)
    rows = [api.SecurityEvent(id=str(each.id), time=each.time, kind=each.kind.value, address=each.address) for each in part]
    return Page(rows=rows, next=following)
