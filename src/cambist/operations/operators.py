"""Operators over the network: made, and let in again. For whoever has the command line, and for the first start."""

from __future__ import annotations

import msgspec

from cambist.directory import User
from cambist.operations import second_factor
from cambist.operations.operation import Effect, Holder, Operation, OperatorCall, Secret
from cambist.operations.rejections import Kind, Rejected
from cambist.operations.users import (
    AddUser,
    OfUser,
    PasswordSet,
    SetPassword,
    SetRole,
    UserAdded,
    add_user,
    set_password,
    set_role,
    unfreeze_user,
)

SHORTEST = 12
LEAST_DIFFERENT = 6


def password_complaint(name: str, password: str) -> str:
    """What is wrong with an operator's password, which opens more than a trader's; empty when nothing is."""
    if len(password) < SHORTEST:
        return f"an operator's password has at least {SHORTEST} characters"
    if len(set(password.lower())) < LEAST_DIFFERENT:
        return f"an operator's password has at least {LEAST_DIFFERENT} different characters"
    if name.lower() in password.lower():
        return "an operator's password does not contain the name"
    return ""


class CreateOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password is made up when none is given."""

    name: Secret
    password: Secret | None = None


async def create(call: OperatorCall, request: CreateOperator) -> UserAdded | Rejected:
    """A new user with an account of their own and the role of an operator. `password-weak`, the directory's rejections."""
    weak = _weak(request.name, request.password)
    if weak is not None:
        return weak
    added = await add_user(call, AddUser(request.name, request.password))
    if isinstance(added, Rejected):
        return added
    given = await set_role(call, SetRole(added.name, "operator"))
    return given if isinstance(given, Rejected) else added


class ResetOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password is made up when none is given."""

    user: Holder
    password: Secret | None = None


async def reset(call: OperatorCall, request: ResetOperator) -> PasswordSet | Rejected:
    """Lets an operator in again who lost everything: a new password, no one-time codes and no passkeys, not frozen, all sessions ended.

    `user-unknown`, `not-an-operator`, `password-weak`, the directory's rejections.
    """
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    if not _is_operator(user):
        return Rejected("not-an-operator", Kind.CONFLICT, f"{user.name} is no operator; `user password` sets a new password for a user")
    weak = _weak(user.name, request.password)
    if weak is not None:
        return weak
    done = await set_password(call, SetPassword(request.user, request.password))
    if isinstance(done, Rejected):
        return done
    alone = await second_factor.remove(call, second_factor.OfUser(request.user))
    if isinstance(alone, Rejected):
        return alone
    free = await unfreeze_user(call, OfUser(request.user))
    return free if isinstance(free, Rejected) else done


def _is_operator(user: User) -> bool:
    return user.role == "operator"


def _weak(name: str, password: str | None) -> Rejected | None:
    words = "" if password is None else password_complaint(name, password)
    return Rejected("password-weak", Kind.REFUSED, words) if words else None


OPERATIONS = (
    Operation("operator.create", CreateOperator, create, Effect.CHANGE, proof=True),
    Operation("operator.reset", ResetOperator, reset, Effect.CHANGE, proof=True),
)
