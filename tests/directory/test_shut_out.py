"""Frozen users, and an older copy of the file: whoever was shut out stays out."""

from collections.abc import Callable

import pyotp
import pytest

from cambist.directory import ApiKey, Directory, DirectoryRejection, LoginRejection, Passkey, User, marks
from tests.directory.conftest import FORM, HOUR, PASSWORD, Place


def test_a_frozen_user_is_let_in_nowhere_and_afterwards_everywhere(place: Place, directory: Directory, alice: User, key: ApiKey) -> None:
    token, _ = directory.sessions.open(alice, HOUR)
    ended: list[str] = []
    directory.follow_revocations(lambda gone: ended.append(gone.key))
    assert directory.freeze(alice)
    assert not directory.freeze(alice)

    def shut_out(opened: Directory) -> None:
        assert opened.find_key(key.key) is None
        assert opened.authenticate("alice", PASSWORD) is LoginRejection.FROZEN
        assert opened.authenticate("alice", "wrong horse") is LoginRejection.WRONG
        assert opened.sessions.find(token) is None
        frozen = opened.user("alice")
        assert frozen is not None
        assert frozen.frozen == place.clock.now
        assert opened.mint_key(frozen, FORM, {"info"}) is DirectoryRejection.USER_FROZEN

    shut_out(directory)
    assert ended[0] == key.key, "sockets end as if it were revoked"
    directory.close()
    again = place.open()
    shut_out(again)
    assert again.unfreeze(alice)
    assert not again.unfreeze(alice)
    assert again.find_key(key.key) == key
    assert isinstance(again.authenticate("alice", PASSWORD), User)


def test_a_key_that_was_revoked_meanwhile_stays_gone(directory: Directory, alice: User, key: ApiKey) -> None:
    directory.freeze(alice)
    stored = directory.stored_key(key.key)
    assert stored is not None
    assert directory.revoke(stored)
    directory.unfreeze(alice)
    assert directory.find_key(key.key) is None
    assert directory.stored_key("nothing") is None


CHANGES: list[tuple[str, Callable[[Directory, User, ApiKey], dict[str, object]]]] = [
    ("a key was revoked again", lambda directory, alice, key: (directory.revoke(key) and marks.key_revoked(key.id)) or {}),
    ("alice was frozen again", lambda directory, alice, key: (directory.freeze(alice) and marks.frozen(16)) or {}),
    ("a user was erased again", lambda directory, alice, key: (directory.erase_user(alice) and marks.erased(16)) or {}),
    ("the password of alice", lambda directory, alice, key: marks.password_set(16, int(directory.set_password(alice, "another horse")))),
]


@pytest.mark.parametrize(("words", "change"), CHANGES, ids=[words for words, _ in CHANGES])
def test_an_older_copy_learns_from_the_journal_what_it_missed(
    words: str, change: Callable[[Directory, User, ApiKey], dict[str, object]], place: Place, directory: Directory, alice: User, key: ApiKey
) -> None:
    directory.close()
    older = place.copy()
    directory = place.open()
    mark = change(directory, alice, key)
    assert directory.apply_mark(mark) is None, "who made the change hears nothing new"
    directory.close()
    place.put_back(older)
    put_back = place.open()
    assert (put_back.apply_mark(mark) or "").startswith(words)
    assert put_back.apply_mark(mark) is None, "twice is harmless"
    assert not (put_back.find_key(key.key) is not None and isinstance(put_back.authenticate("alice", PASSWORD), User))
    put_back.close()


def test_a_password_that_the_copy_does_not_know_is_locked_until_it_is_set(place: Place, directory: Directory, alice: User) -> None:
    assert directory.apply_mark(marks.password_set(16, 9)) is not None
    assert directory.authenticate("alice", PASSWORD) is LoginRejection.WRONG
    assert directory.set_password(alice, "a third horse") == 10
    assert directory.apply_mark(marks.password_set(16, 9)) is None
    assert isinstance(directory.authenticate("alice", "a third horse"), User)


@pytest.mark.parametrize("memo", [{}, {"by": "operator"}, {"directory": []}, {"directory": ["frozen", 99]}, {"directory": ["sung", 16]}])
def test_memos_of_others_are_passed_over(directory: Directory, alice: User, memo: dict[str, object]) -> None:
    assert directory.apply_mark(memo) is None
    assert directory.user("alice") == alice


def test_a_passkey_that_was_removed_since_is_removed_from_the_copy(place: Place, directory: Directory, alice: User) -> None:
    for credential in (b"lost", b"kept"):
        assert isinstance(directory.passkeys.add(alice, "phone", "x.example", credential, b"key", 0, synced=False), Passkey)

    def removed(directory: Directory) -> dict[str, object]:
        assert directory.passkeys.remove(alice, 1)
        assert not directory.passkeys.remove(alice, 1)
        return marks.passkey_removed(16, 1)

    put_back, mark = older_than(place, directory, removed)
    assert len(put_back.passkeys.of(alice)) == 2
    assert put_back.apply_mark(mark) == "a passkey of alice was removed again"
    assert put_back.apply_mark(mark) is None
    assert [passkey.credential for passkey in put_back.passkeys.of(alice)] == [b"kept"]


def older_than(place: Place, directory: Directory, change: Callable[[Directory], dict[str, object]]) -> tuple[Directory, dict[str, object]]:
    """The directory as it was before the change, put back after it; and the change's mark."""
    directory.close()
    older = place.copy()
    directory = place.open()
    mark = change(directory)
    assert directory.apply_mark(mark) is None
    directory.close()
    place.put_back(older)
    return place.open(), mark


@pytest.mark.parametrize("kind", ["totp", "hotp"])
def test_codes_that_the_copy_does_not_know_are_asked_for_until_they_are_removed(
    kind: str, place: Place, directory: Directory, alice: User
) -> None:
    codes: list[str] = []

    def switched_on(directory: Directory) -> dict[str, object]:
        if kind == "totp":
            enrolment = directory.totp.enrol(alice)
            assert not isinstance(enrolment, DirectoryRejection)
            codes.append(pyotp.TOTP(enrolment.secret).at(place.clock.now // 1_000_000))
            number = directory.totp.confirm(alice, codes[0])
            assert number is not None
            return marks.codes_on(16, number, kind)
        token, numbers = directory.hotp.enrol(alice), []
        assert not isinstance(token, DirectoryRejection)
        directory.hotp.follow_confirmations(lambda user, number: numbers.append((user, number)))
        codes.append(pyotp.HOTP(token.secret).at(0))
        assert directory.login.check_code(alice, codes[0]) is None
        assert directory.login.check_code(alice, pyotp.HOTP(token.secret).at(1)) is None
        assert numbers == [(alice, 1)], "told once, when the first code switched them on"
        return marks.codes_on(16, 1, kind)

    put_back, mark = older_than(place, directory, switched_on)
    assert isinstance(put_back.authenticate("alice", PASSWORD), User), "the copy asks for none"
    assert "switched on since" in (put_back.apply_mark(mark) or "")
    assert put_back.apply_mark(mark) is None, "twice is harmless"
    assert put_back.authenticate("alice", PASSWORD) is LoginRejection.CODE_REQUIRED
    assert put_back.authenticate("alice", PASSWORD, codes[0]) is LoginRejection.CODE_WRONG
    assert [found.second_factor for found in put_back.search()] == [True]
    assert put_back.remove_codes(alice) == 2
    assert put_back.apply_mark(mark) is None
    assert isinstance(put_back.authenticate("alice", PASSWORD), User)
    put_back.close()


def test_a_lost_device_is_not_asked_for_again(place: Place, directory: Directory, alice: User) -> None:
    enrolment = directory.totp.enrol(alice)
    assert not isinstance(enrolment, DirectoryRejection)
    assert directory.totp.confirm(alice, pyotp.TOTP(enrolment.secret).at(place.clock.now // 1_000_000))
    put_back, mark = older_than(place, directory, lambda directory: marks.codes_off(16, directory.remove_codes(alice)))
    assert put_back.authenticate("alice", PASSWORD) is LoginRejection.CODE_REQUIRED
    assert "switched off again" in (put_back.apply_mark(mark) or "")
    assert isinstance(put_back.authenticate("alice", PASSWORD), User)
    put_back.close()
