"""People who may trade."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from cambist import _core
from cambist.directory import DirectoryRejection, Role, User, UserSummary, marks
from cambist.operations.operation import Effect, Holder, Limit, Number, Operation, OperatorCall, Secret, account_number
from cambist.operations.rejections import Kind, Rejected, not_found, of_directory


class AddUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password is made up when none is given. `account`: take one that has no user (after an older directory was put back)."""

    name: Secret
    password: Secret | None = None
    account: Number | None = None


class UserAdded(msgspec.Struct, frozen=True):
    name: str
    account: int
    password: str


async def add_user(call: OperatorCall, request: AddUser) -> UserAdded | Rejected:
    """A user with an account of their own. The directory's rejections; `account-unknown`."""
    directory, view = call.context.directory, call.context.view
    password = request.password
    if password is None:
        password = made_up_password(call.context.entropy(f"password/{request.name.lower()}", 15))
    async with call.context.adding_users:
        # Before the account is opened: numbers are for ever, and a name that is taken shall not use one up.
        rejection = directory.new_user_rejection(request.name, password)
        if rejection is not None:
            return of_directory(rejection)
        account = request.account
        if account is None:
            account = (await call.context.commands.open_account(meta=call.meta())).id
            # A name must never stand on an account that a crash could take back and give to somebody else.
            await call.durable()
        elif not _core.FIRST_USER_ACCOUNT <= account < view.accounts:
            return not_found("account", account)
        call.subject = account
        user = await asyncio.to_thread(directory.add_user, request.name, password, account)
    return of_directory(user) if isinstance(user, DirectoryRejection) else UserAdded(user.name, user.account, password)


class UserRow(msgspec.Struct, frozen=True):
    """`frozen`: since when (µs), None when not. `second_factor`: whether a login asks for a one-time code. `keys`: how many live ones.

    `role`: what they may do for the venue over the network, empty for nothing."""

    name: str
    account: int
    keys: int
    frozen: int | None
    second_factor: bool
    role: str = ""
    created: int = 0


class ListUsers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`search`: a part of the name, or @N for account N. `after`: go on behind that account."""

    search: str = ""
    role: Literal["operator", "support", "auditor"] | None = None
    frozen: bool | None = None
    after: Number = 0
    limit: Limit = 100


async def list_users(call: OperatorCall, request: ListUsers) -> list[UserRow]:
    """In order of their accounts, the erased ones left out."""
    directory, account, role = call.context.directory, account_number(request.search), Role(request.role) if request.role else None
    words, after, limit = request.search, request.after, request.limit
    if account is not None:
        words, after, limit = "", max(after, account - 1), 1
    found = await asyncio.to_thread(directory.search, words, role=role, frozen=request.frozen, after=after, limit=limit)
    return [_user_row(each) for each in found if account in (None, each.user.account)]


def _user_row(found: UserSummary) -> UserRow:
    user = found.user
    return UserRow(user.name, user.account, found.keys, user.frozen, found.second_factor, user.role or "", user.created)


class SetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password is made up when none is given."""

    user: Holder
    password: Secret | None = None


class PasswordSet(msgspec.Struct, frozen=True):
    name: str
    password: str


async def set_password(call: OperatorCall, request: SetPassword) -> PasswordSet | Rejected:
    """Replaces a forgotten password and ends the user's sessions. `user-unknown`, the directory's rejections."""
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    password = request.password
    if password is None:
        password = made_up_password(call.context.entropy(f"password/{user.name.lower()}/{call.context.view.seq}", 15))
    number = await asyncio.to_thread(call.context.directory.set_password, user, password)
    if isinstance(number, DirectoryRejection):
        return of_directory(number)
    await call.context.commands.note(call.meta(**marks.password_set(user.account, number)))
    return PasswordSet(user.name, password)


class SetRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`operator` may do what operators may over the network; `support` and `auditor` may look; `none` takes it away."""

    user: Holder
    role: Literal["operator", "support", "auditor", "none"]


class RoleSet(msgspec.Struct, frozen=True):
    name: str
    role: str


async def set_role(call: OperatorCall, request: SetRole) -> RoleSet | Rejected:
    """Says what a user may do for the venue over the network. Where there are two operators, two must say so before a user becomes an
    operator, or is one no longer. `user-unknown`, `own-role`."""
    user = _whose_role(call, request)
    if isinstance(user, Rejected):
        return user
    role = None if request.role == "none" else Role(request.role)
    number = await asyncio.to_thread(call.context.directory.set_role, user, role)
    await call.context.commands.note(call.meta(**marks.role_set(user.account, number)))
    return RoleSet(user.name, request.role)


def _whose_role(call: OperatorCall, request: SetRole) -> User | Rejected:
    user = call.user(request.user)
    if isinstance(user, User) and user.account == call.actor.account:
        return Rejected("own-role", Kind.CONFLICT, "nobody changes their own role over the network")
    return user


def _second_for_role(call: OperatorCall, request: SetRole) -> str | Rejected:
    """Otherwise one operator could make up a second one, or be the only one."""
    user = _whose_role(call, request)
    if isinstance(user, Rejected):
        return user
    return f"@{user.account} {request.role}" if Role.OPERATOR in (user.role, request.role) else ""


class OfUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: Holder


class FreezeUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cancel_orders`: the open orders too; otherwise they stay in the book."""

    user: Holder
    cancel_orders: bool = False


class UserFrozen(msgspec.Struct, frozen=True):
    """`changed` is false when it was so before."""

    name: str
    changed: bool
    cancelled: int = 0


async def freeze_user(call: OperatorCall, request: FreezeUser) -> UserFrozen | Rejected:
    """Shuts a user out of every API and every login; the money stays where it is. `user-unknown`."""
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    await _marked(call, marks.frozen(user.account))
    changed = await asyncio.to_thread(call.context.directory.freeze, user)
    cancelled = 0
    if request.cancel_orders:
        cancelled = (await call.context.commands.cancel_all(user.account, meta=call.meta())).outcome.count
    return UserFrozen(user.name, changed, cancelled)


async def unfreeze_user(call: OperatorCall, request: OfUser) -> UserFrozen | Rejected:
    """Lets a user in again, with the same keys and password. `user-unknown`."""
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    await _marked(call, marks.unfrozen(user.account))
    return UserFrozen(user.name, await asyncio.to_thread(call.context.directory.unfreeze, user))


class UserErased(msgspec.Struct, frozen=True):
    """What is left: an account number, and its money if there is any."""

    account: int
    cancelled: int


async def erase_user(call: OperatorCall, request: OfUser) -> UserErased | Rejected:
    """Removes name, password, second factor and sessions for good, revokes the keys, cancels the orders. The account stays.

    `user-unknown`; `account-not-empty` while it has money: who would claim it afterwards?
    """
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    view = call.context.view
    if any(balance.available or balance.held for balance in view.balances(user.account)):
        return Rejected("account-not-empty", Kind.CONFLICT, f"{user.name} still has money or open orders: pay it out first")
    await _marked(call, marks.erased(user.account))
    await asyncio.to_thread(call.context.directory.erase_user, user)
    cancelled = (await call.context.commands.cancel_all(user.account, meta=call.meta())).outcome.count
    return UserErased(user.account, cancelled)


async def _marked(call: OperatorCall, mark: dict[str, object]) -> None:
    """Has the journal say it first, for good: what the directory forgets in a crash is then done again at the next start."""
    await call.context.commands.note(call.meta(**mark))
    await call.durable()


def made_up_password(random: bytes) -> str:
    """24 characters of a-z and 2-7 from 15 random bytes."""
    return base64.b32encode(random).decode().rstrip("=").lower()


def name_of(call: OperatorCall, account: int) -> str:
    """The account's user, or @N."""
    user: User | None = call.context.directory.user_by_account(account)
    return user.name if user is not None and user.erased is None else f"@{account}"


_MENTIONED = re.compile(r"(?<!\S)@[0-9]{1,10}(?!\S)")
"""How accounts stand in records."""


def names_in(call: OperatorCall, texts: Iterable[str]) -> dict[str, str]:
    """By "@N" as it stands in one of the texts: the account's user, where there is one still. For a thread."""
    mentioned = {found for text in texts for found in _MENTIONED.findall(text)}
    named = {each: name_of(call, int(each[1:])) for each in sorted(mentioned)}
    return {each: name for each, name in named.items() if each != name}


OPERATIONS = (
    Operation("user.add", AddUser, add_user, Effect.CHANGE),
    Operation("user.list", ListUsers, list_users, Effect.READ, recorded=False),
    Operation("user.password", SetPassword, set_password, Effect.CHANGE, proof=True),
    Operation("user.role", SetRole, set_role, Effect.CHANGE, _second_for_role, proof=True),
    Operation("user.freeze", FreezeUser, freeze_user, Effect.CHANGE),
    Operation("user.unfreeze", OfUser, unfreeze_user, Effect.CHANGE, proof=True),
    Operation("user.erase", OfUser, erase_user, Effect.CHANGE, proof=True),
)
