"""Who speaks for a key on a socket hears of its end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.dialect_kit.revocations import Revocations
from cambist.directory import ApiKey, Directory, KeyForm, User, cheap_password_hasher
from tests.support.by_hand import HandClock, entropy

FORM = KeyForm("made", lambda drawn: (drawn("key", 8).hex(), "secret"))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    directory = Directory.open(tmp_path / "directory.sqlite", bytes(32), entropy, HandClock(1), cheap_password_hasher())
    yield directory
    directory.close()


@pytest.fixture
def keys(directory: Directory) -> tuple[ApiKey, ApiKey]:
    alice = directory.add_user("alice", "a password", 16)
    assert isinstance(alice, User)
    first, second = directory.mint_key(alice, FORM, ()), directory.mint_key(alice, FORM, ())
    assert isinstance(first, ApiKey)
    assert isinstance(second, ApiKey)
    return first, second


async def test_all_who_follow_a_key_are_told_once_and_before_revoke_returns(directory: Directory, keys: tuple[ApiKey, ApiKey]) -> None:
    revocations, calls = Revocations(directory), list[str]()
    for name, key in (("one", keys[0]), ("two", keys[0]), ("another key", keys[1])):
        revocations.follow(key, lambda name=name: calls.append(name))  # type: ignore[misc]
    directory.revoke(keys[0])
    directory.revoke(keys[0])
    assert calls == ["one", "two"]
    assert len(revocations) == 1


async def test_who_called_off_is_not_told_and_leaves_nothing_behind(directory: Directory, keys: tuple[ApiKey, ApiKey]) -> None:
    revocations, calls = Revocations(directory), list[str]()
    later = revocations.follow(keys[0], lambda: calls.append("never"))
    later()
    later()
    assert len(revocations) == 0

    def first() -> None:
        second()

    revocations.follow(keys[0], first)
    second = revocations.follow(keys[0], lambda: calls.append("called off by the one before"))
    directory.revoke(keys[0])
    assert calls == []
    assert len(revocations) == 0


async def test_one_that_fails_does_not_keep_the_others_from_hearing(directory: Directory, keys: tuple[ApiKey, ApiKey]) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    revocations, calls = Revocations(directory), list[str]()
    revocations.follow(keys[0], broken)
    revocations.follow(keys[0], lambda: calls.append("told"))
    assert directory.revoke(keys[0])
    assert calls == ["told"]


async def test_what_another_thread_revokes_is_told_on_the_loop_ahead_of_what_comes_after(
    directory: Directory, keys: tuple[ApiKey, ApiKey]
) -> None:
    revocations, calls, loop = Revocations(directory), list[object](), asyncio.get_running_loop()
    revocations.follow(keys[0], lambda: calls.append(asyncio.get_running_loop()))

    def elsewhere() -> None:
        directory.revoke(keys[0])
        loop.call_soon_threadsafe(calls.append, "after")

    await asyncio.to_thread(elsewhere)
    assert calls == [loop, "after"]


async def test_who_follows_a_key_that_is_revoked_already_is_told_too(directory: Directory, keys: tuple[ApiKey, ApiKey]) -> None:
    revocations, calls = Revocations(directory), asyncio.Event()
    directory.revoke(keys[0])
    revocations.follow(keys[0], calls.set)
    async with asyncio.timeout(20):
        await calls.wait()
    assert len(revocations) == 0
