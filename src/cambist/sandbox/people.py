"""A sandbox's users, keys and traders: made once, found again when the data directory is reopened."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cambist.directory import ApiKey, Directory, DirectoryRejection, KeyForm, User
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Commands

Durable = Callable[[], Awaitable[None]]
Passwords = Callable[[str], str]
"""The password of a user, by name; the same for the same seed."""


class SandboxFile(msgspec.Struct):
    """`sandbox.json` in the data directory: what cannot be found elsewhere when it is reopened."""

    seed: int
    traders: list[AccountId] = []
    """Accounts of traders that sandboxes had before their accounts had names."""
    accounts: dict[str, AccountId] = {}
    """The traders' accounts, by name."""
    halted: bool = False
    """Whether a preset has halted the markets."""
    linked: bool = False
    """Whether this sandbox has linked its coin's markets."""
    halted_by_faults: list[MarketId] = []
    """Markets that only faults have halted: a start, which has no faults any more, opens them."""
    users: list[str] | None = None
    """Names of the users whom sandboxes made: they have keys for everything and may log in without a password, which who signed up by
    himself may not. None in a file from before they were noted: everybody."""


class Person(msgspec.Struct):
    """One user as the ready file shows him."""

    name: str
    password: str
    account: AccountId
    keys: dict[str, dict[str, str]]


class People:
    """Makes what is missing and leaves alone what is there."""

    def __init__(
        self,
        commands: Commands,
        directory: Directory,
        key_forms: Sequence[KeyForm],
        passwords: Passwords,
        durable: Durable,
    ) -> None:
        self._commands = commands
        self._directory = directory
        self._key_forms = key_forms
        self._passwords = passwords
        self._durable = durable

    async def user(self, name: str) -> User | DirectoryRejection:
        """The user of that name, with an account of his own."""
        known = self._directory.user(name)
        if known is not None:
            return known
        rejection = self._directory.new_user_rejection(name, self._passwords(name))
        if rejection is not None:
            return rejection
        account = AccountId((await self._commands.open_account()).id)
        # A name must never stand on an account that a crash could take back.
        await self._durable()
        return self._directory.add_user(name, self._passwords(name), account)

    def person(self, user: User) -> Person:
        """The user with one key for every dialect, all scopes, minted where there is none."""
        held = {key.dialect for key in self._directory.keys(user)}
        for form in self._key_forms:
            if form.dialect not in held:
                key = self._directory.mint_key(user, form, form.scopes)
                assert isinstance(key, ApiKey), f"no key for {user.name}: {key}"
        return self.shown(user)

    def shown(self, user: User) -> Person:
        """The user with the first key for every dialect that he has one for."""
        keys: dict[str, dict[str, str]] = {}
        own = self._directory.keys(user)
        for form in self._key_forms:
            first = next((key for key in own if key.dialect == form.dialect), None)
            if first is not None:
                keys[form.dialect] = form.credentials(first)
        return Person(user.name, self._passwords(user.name), user.account, keys)

    async def trader_accounts(self, known: Mapping[str, AccountId], names: Iterable[str]) -> dict[str, AccountId]:
        """The accounts of traders of these names, those that there are not yet opened. They pay no fees, or their money would run out."""
        accounts = dict(known)
        for name in names:
            if name not in accounts:
                accounts[name] = AccountId((await self._commands.open_account()).id)
                await self._commands.set_account_fees(accounts[name], 0, 0)
        await self._durable()
        return accounts


def ready_record(url: str, pid: int, seed: int, people: Sequence[Person]) -> dict[str, Any]:
    """The ready file's content."""
    return {"url": url, "pid": pid, "seed": seed, "users": list(people)}
