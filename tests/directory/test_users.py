"""Who people are: names, passwords, erasure."""

import pytest

from cambist.directory import ApiKey, Directory, DirectoryRejection, User
from cambist.domain.units import AccountId
from tests.directory.conftest import FORM, NOON, PASSWORD, Place


@pytest.mark.parametrize(
    ("name", "password", "account", "rejection"),
    [
        ("bob", PASSWORD, 17, None),
        ("B0b.the-builder_2", PASSWORD, 17, None),
        ("b", PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("b" * 33, PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("-bob", PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("bob smith", PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("bob\n", PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("böb", PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("аlice", PASSWORD, 17, DirectoryRejection.NAME_INVALID),
        ("alice", PASSWORD, 17, DirectoryRejection.NAME_TAKEN),
        ("ALICE", PASSWORD, 17, DirectoryRejection.NAME_TAKEN),
        ("bob", PASSWORD, 16, DirectoryRejection.ACCOUNT_TAKEN),
        ("bob", "1234567", 17, DirectoryRejection.PASSWORD_TOO_SHORT),
        ("bob", "x" * 1025, 17, DirectoryRejection.PASSWORD_TOO_LONG),
        ("bob", "x" * 1024, 17, None),
    ],
)
def test_who_can_be_added_beside_alice(
    directory: Directory, alice: User, name: str, password: str, account: int, rejection: DirectoryRejection | None
) -> None:
    added = directory.add_user(name, password, account)
    if rejection is None:
        assert added == User(2, name, AccountId(account), NOON)
        assert directory.users() == [alice, added]
    else:
        assert added is rejection
        assert rejection.words
        assert directory.users() == [alice]


def test_a_user_is_found_by_name_in_any_case_and_by_account(directory: Directory, alice: User) -> None:
    assert directory.user("Alice") == directory.user_by_account(16) == alice
    assert directory.user("bob") is None
    assert directory.user("\ud800") is None
    assert directory.user_by_account(17) is None


@pytest.mark.parametrize(
    ("name", "password", "fits"),
    [
        ("alice", PASSWORD, True),
        ("ALICE", PASSWORD, True),
        ("alice", PASSWORD + " ", False),
        ("alice", "", False),
        ("alice", "x" * 100_000, False),
        ("alice", "\ud800", False),
        ("bob", PASSWORD, False),
        ("", "", False),
        ("\0", PASSWORD, False),
        ("\ud800", PASSWORD, False),
        ("alice\n", PASSWORD, False),
    ],
)
def test_passwords(directory: Directory, alice: User, name: str, password: str, fits: bool) -> None:
    assert directory.verify_password(name, password) == (alice if fits else None)


def test_a_new_password_replaces_the_old_one_and_ends_the_sessions(place: Place, directory: Directory, alice: User) -> None:
    token, _ = directory.sessions.open(alice, 1_000_000)
    assert directory.set_password(alice, "short") is DirectoryRejection.PASSWORD_TOO_SHORT
    assert directory.sessions.find(token) is not None
    assert directory.set_password(alice, "another horse") == 1
    assert directory.sessions.find(token) is None
    assert directory.verify_password("alice", PASSWORD) is None
    assert directory.verify_password("alice", "another horse") == alice


def test_a_login_renews_a_hash_made_with_other_parameters(place: Place, directory: Directory, alice: User) -> None:
    from argon2 import PasswordHasher

    directory.close()
    costly = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    for _ in range(2):
        stronger = place.open(hasher=costly)
        assert stronger.verify_password("alice", PASSWORD) == alice
        stronger.close()
        assert b"$argon2id$v=19$m=16,t=2,p=1$" in place.octets()
        assert b"$m=8,t=1" not in place.octets()


def test_no_password_lies_in_the_file(place: Place, directory: Directory, alice: User) -> None:
    assert PASSWORD.encode() not in place.octets()


def test_an_erased_user_leaves_only_the_account_number(place: Place, directory: Directory) -> None:
    user = directory.add_user("margarethe.zimmermann", PASSWORD, 18)
    assert isinstance(user, User)
    minted = directory.mint_key(user, FORM, {"info"}, ["198.51.100.7"])
    assert isinstance(minted, ApiKey)
    token, _ = directory.sessions.open(user, 1_000_000)
    directory.totp.enrol(user)
    directory.passkeys.add(user, "the phone of Zimmermann", "x.example", b"credential", b"key", 0, synced=False)

    place.clock.now += 5
    erased = directory.erase_user(user)

    assert erased == User(user.id, "", AccountId(18), NOON, erased=NOON + 5)
    assert directory.user("margarethe.zimmermann") is None
    assert directory.user_by_account(18) == erased
    assert directory.users() == []
    assert directory.users(erased=True) == [erased]
    assert directory.verify_password("margarethe.zimmermann", PASSWORD) is None
    assert directory.find_key(minted.key) is None
    assert directory.sessions.find(token) is None
    assert directory.mint_key(erased, FORM, {"info"}) is DirectoryRejection.USER_ERASED
    assert directory.set_password(erased, PASSWORD) is DirectoryRejection.USER_ERASED
    assert directory.totp.enrol(erased) is DirectoryRejection.USER_ERASED
    assert directory.passkeys.find(b"credential") is None
    assert directory.passkeys.add(erased, "x", "x.example", b"other", b"key", 0, synced=False) is DirectoryRejection.USER_ERASED
    assert b"Zimmermann" not in place.octets()
    assert b"margarethe" not in place.octets()
    directory.close()
    assert b"margarethe" not in place.octets()


def test_an_erased_name_is_free_but_the_account_is_not(directory: Directory, alice: User) -> None:
    directory.erase_user(alice)
    assert directory.add_user("alice", PASSWORD, 16) is DirectoryRejection.ACCOUNT_TAKEN
    again = directory.add_user("alice", PASSWORD, 17)
    assert isinstance(again, User)
    assert again.id == alice.id + 1
