"""Counter-based codes: RFC 4226's own table, each code once, ahead by a few, switched on by the first."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pyotp

from cambist.directory import Directory, DirectoryRejection, HotpKey, User, draw_hotp_key
from cambist.directory.hotp import LOOK_AHEAD, _matching_counter
from tests.directory.conftest import Place

RFC_CODES = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")


def user(directory: Directory) -> User:
    made = directory.add_user("alice", "a password", 16)
    assert isinstance(made, User)
    return made


def test_the_table_of_the_rfc() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    for counter, code in enumerate(RFC_CODES):
        assert _matching_counter(secret, code.encode(), counter) == counter


def test_the_first_good_code_switches_on_and_each_counts_once(directory: Directory) -> None:
    alice = user(directory)
    key = directory.hotp.enrol(alice)
    assert isinstance(key, HotpKey)
    assert key.secret not in repr(key)
    codes = pyotp.HOTP(key.secret)
    assert not directory.hotp.active(alice)
    assert not directory.hotp.verify(alice, codes.at(LOOK_AHEAD + 1))
    assert not directory.hotp.verify(alice, "")
    assert not directory.hotp.active(alice)
    assert directory.hotp.verify(alice, codes.at(0))
    assert directory.hotp.active(alice)
    assert not directory.hotp.verify(alice, codes.at(0))
    assert directory.hotp.verify(alice, f" {codes.at(5)} ")
    assert not directory.hotp.verify(alice, codes.at(3))
    assert directory.hotp.verify(alice, codes.at(6))


def test_a_used_code_stays_used_when_the_directory_is_killed(place: Place, directory: Directory) -> None:
    alice = user(directory)
    key = directory.hotp.enrol(alice)
    assert isinstance(key, HotpKey)
    codes = pyotp.HOTP(key.secret)
    assert directory.hotp.verify(alice, codes.at(2))
    # Its connection goes without a word; what was answered before must be on the disk.
    directory.close()
    again = place.open()
    assert again.hotp.active(alice)
    assert not any(again.hotp.verify(alice, codes.at(counter)) for counter in range(3))
    assert not again.hotp.verify(alice, codes.at(3 + LOOK_AHEAD + 1))
    assert again.hotp.verify(alice, codes.at(3 + LOOK_AHEAD))


def test_of_many_who_show_a_code_at_once_one_has_it(directory: Directory) -> None:
    alice = user(directory)
    key = directory.hotp.enrol(alice)
    assert isinstance(key, HotpKey)
    code = pyotp.HOTP(key.secret).at(0)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: directory.hotp.verify(alice, code), range(20))) == 1


def test_a_key_that_is_in_use_is_not_replaced(directory: Directory) -> None:
    alice = user(directory)
    first, second = directory.hotp.enrol(alice), directory.hotp.enrol(alice)
    assert isinstance(first, HotpKey)
    assert isinstance(second, HotpKey)
    assert first.secret != second.secret
    assert not directory.hotp.verify(alice, pyotp.HOTP(first.secret).at(0))
    assert directory.hotp.verify(alice, pyotp.HOTP(second.secret).at(0))
    assert directory.hotp.enrol(alice) == DirectoryRejection.HOTP_ACTIVE
    directory.hotp.remove(alice)
    assert not directory.hotp.active(alice)
    assert isinstance(directory.hotp.enrol(alice), HotpKey)


def test_an_erased_user_has_none(directory: Directory) -> None:
    alice = user(directory)
    directory.hotp.enrol(alice)
    erased = directory.erase_user(alice)
    assert directory.hotp.enrol(erased) == DirectoryRejection.USER_ERASED
    assert not directory.hotp.verify(erased, "000000")


def test_a_drawn_key_is_kept_by_nobody() -> None:
    key = draw_hotp_key(lambda label, length: label.encode().ljust(length, b"."))
    assert base64.b32decode(key.secret) == b"secret.............."
    assert key.name == b"name............"
