"""One-time codes of users, for those who help them: switched on with the user, taken away when the device is lost, passkeys as well."""

import asyncio

import msgspec

from cambist.directory import DirectoryRejection, marks
from cambist.operations.operation import Effect, Holder, Operation, OperatorCall, Secret
from cambist.operations.rejections import Kind, Rejected, of_directory


class OfUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: Holder


class Enrolled(msgspec.Struct, frozen=True):
    """What the authenticator app needs: the base32 secret, or the same as an `otpauth://` address."""

    name: str
    secret: str
    uri: str


async def enrol(call: OperatorCall, request: OfUser) -> Enrolled | Rejected:
    """A new secret for time-based codes, asked for once a first code was confirmed. `user-unknown`, `totp-active`."""
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    enrolment = await asyncio.to_thread(call.context.directory.totp.enrol, user)
    if isinstance(enrolment, DirectoryRejection):
        return of_directory(enrolment)
    return Enrolled(user.name, enrolment.secret, enrolment.uri)


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: Holder
    code: Secret


class SecondFactor(msgspec.Struct, frozen=True):
    """Whether logins of that user ask for a code now."""

    name: str
    active: bool


async def confirm(call: OperatorCall, request: Confirm) -> SecondFactor | Rejected:
    """Switches time-based codes on when this one is right. `user-unknown`, `code-wrong`."""
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    number = await asyncio.to_thread(call.context.directory.totp.confirm, user, request.code)
    if number is None:
        return Rejected("code-wrong", Kind.REFUSED, "this code is wrong, or there is no enrolment that waits for one")
    await call.context.commands.note(call.meta(**marks.codes_on(user.account, number, "totp")))
    return SecondFactor(user.name, True)


async def remove(call: OperatorCall, request: OfUser) -> SecondFactor | Rejected:
    """Switches all one-time codes of a user off, time-based and counter-based, and removes the user's passkeys. `user-unknown`."""
    user = call.user(request.user)
    if isinstance(user, Rejected):
        return user
    directory, commands = call.context.directory, call.context.commands
    number = await asyncio.to_thread(directory.remove_codes, user)
    await commands.note(call.meta(**marks.codes_off(user.account, number)))
    for passkey in await asyncio.to_thread(directory.passkeys.of, user):
        await asyncio.to_thread(directory.passkeys.remove, user, passkey.id)
        await commands.note(call.meta(**marks.passkey_removed(user.account, passkey.id)))
    return SecondFactor(user.name, False)


OPERATIONS = (
    Operation("second-factor.enrol", OfUser, enrol, Effect.CHANGE, proof=True),
    Operation("second-factor.confirm", Confirm, confirm, Effect.CHANGE, proof=True),
    Operation("second-factor.remove", OfUser, remove, Effect.CHANGE, proof=True),
)
