"""Logging in: one rule for every way in, and a stranger who guesses does not shut the owner out."""

import pyotp
import pytest

from cambist.directory import Directory, Enrolment, HotpKey, LoginRejection, User
from cambist.directory.login import ADMISSION_INTERVAL, CODE, KNOWN, KNOWN_FOR, KNOWN_PLACES, NETWORK, STRANGERS, network_of
from tests.directory.conftest import HOUR, MINUTE, NOON, PASSWORD, SECOND, Place

HOME = "192.0.2.1"


def with_totp(directory: Directory, user: User) -> pyotp.HOTP:
    """The user's authenticator, switched on one step before the clock's own."""
    enrolment = directory.totp.enrol(user)
    assert isinstance(enrolment, Enrolment)
    device = pyotp.HOTP(enrolment.secret)
    assert directory.totp.confirm(user, device.at(NOON // (30 * SECOND) - 1))
    return device


@pytest.mark.parametrize(
    ("name", "password", "result"),
    [
        ("alice", PASSWORD, "alice"),
        ("ALICE", PASSWORD, "alice"),
        ("alice", "wrong horse", LoginRejection.WRONG),
        ("nobody", PASSWORD, LoginRejection.WRONG),
        ("\ud800", PASSWORD, LoginRejection.WRONG),
        ("alice", "", LoginRejection.WRONG),
    ],
)
def test_name_and_password(directory: Directory, alice: User, name: str, password: str, result: object) -> None:
    found = directory.authenticate(name, password, address=HOME)
    assert (found.name if isinstance(found, User) else found) == result


def test_a_code_is_asked_for_once_they_are_switched_on_and_each_counts_once(directory: Directory, alice: User) -> None:
    device = with_totp(directory, alice)
    code = device.at(NOON // (30 * SECOND))
    assert directory.authenticate("alice", PASSWORD) is LoginRejection.CODE_REQUIRED
    assert directory.authenticate("alice", PASSWORD, "000000") is LoginRejection.CODE_WRONG
    assert isinstance(directory.authenticate("alice", PASSWORD, f" {code} "), User)
    assert directory.authenticate("alice", PASSWORD, code) is LoginRejection.CODE_WRONG
    assert directory.authenticate("alice", "wrong horse", code) is LoginRejection.WRONG, "and nothing is told about the code"


def test_counter_based_codes_are_as_good(directory: Directory, alice: User) -> None:
    key = directory.hotp.enrol(alice)
    assert isinstance(key, HotpKey)
    device = pyotp.HOTP(key.secret)
    assert isinstance(directory.authenticate("alice", PASSWORD, device.at(0)), User)
    assert directory.authenticate("alice", PASSWORD) is LoginRejection.CODE_REQUIRED
    assert directory.login.check_code(alice, device.at(0)) is LoginRejection.CODE_WRONG
    assert directory.login.check_code(alice, device.at(1)) is None


def test_wrong_codes_are_counted_by_user_and_place(directory: Directory, alice: User) -> None:
    device = with_totp(directory, alice)
    check = directory.login.check_code
    for _ in range(CODE.at_once):
        assert check(alice, "000000") is LoginRejection.CODE_WRONG
    code = device.at(NOON // (30 * SECOND))
    assert check(alice, code) is LoginRejection.CODE_PAUSED
    assert check(alice, code, "key 7") is None, "who has another key guesses at that one's cost"


def test_who_guesses_from_elsewhere_waits_alone(directory: Directory, alice: User) -> None:
    for _ in range(NETWORK.at_once):
        assert directory.authenticate("alice", "wrong horse", address="203.0.113.9") is LoginRejection.WRONG
    assert directory.authenticate("alice", PASSWORD, address="203.0.113.9") is LoginRejection.PAUSED
    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)


def test_a_crowd_of_strangers_waits_and_the_owner_comes_in_from_where_they_are_known(
    directory: Directory, alice: User, place: Place
) -> None:
    login = directory.login
    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)
    device = login.remember_device(alice, "")
    assert len(bytes.fromhex(device)) == 16
    for number in range(STRANGERS.at_once):
        assert directory.authenticate("alice", "wrong horse", address=f"203.0.113.{number}") is LoginRejection.WRONG
    assert directory.authenticate("alice", PASSWORD, address="198.51.100.1") is LoginRejection.PAUSED
    assert login.authenticate("alice", PASSWORD, address="198.51.100.1", device="0" * 32) is LoginRejection.PAUSED
    assert isinstance(login.authenticate("alice", PASSWORD, address="198.51.100.1", device=device), User)
    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)
    assert login.remember_device(alice, device) == device
    directory.close()
    again = place.open()
    assert isinstance(again.authenticate("alice", PASSWORD, address=HOME), User), "also after a restart"
    assert isinstance(again.login.authenticate("alice", PASSWORD, device=device), User)
    place.clock.now += KNOWN_FOR + 1
    assert not again.login.knows_device(alice, device)
    assert again.login.remember_device(alice, device) != device, "what is known no more is not taken up again"


def test_a_stolen_device_is_good_for_a_few_guesses_only(directory: Directory, alice: User, place: Place) -> None:
    device = directory.login.remember_device(alice, "")
    strangers = directory.guess_budgets
    for _ in range(KNOWN.at_once):
        assert directory.login.authenticate("alice", "wrong horse", device=device) is LoginRejection.WRONG
    assert strangers.made(STRANGERS, "alice") == 0
    for _ in range(NETWORK.at_once):
        assert directory.login.authenticate("alice", "wrong horse", device=device) is LoginRejection.WRONG
    assert strangers.made(STRANGERS, "alice") == NETWORK.at_once, "then it is a stranger's"
    assert directory.login.authenticate("alice", PASSWORD, device=device) is LoginRejection.PAUSED


def test_only_the_places_used_last_are_known(directory: Directory, alice: User, place: Place) -> None:
    devices = []
    for _ in range(KNOWN_PLACES + 2):
        place.clock.now += SECOND
        devices.append(directory.login.remember_device(alice, ""))
    assert [directory.login.knows_device(alice, device) for device in devices] == [False] * 2 + [True] * KNOWN_PLACES


def test_a_device_is_known_for_its_own_user_only(directory: Directory, alice: User) -> None:
    bob = directory.add_user("bob", PASSWORD, 17)
    assert isinstance(bob, User)
    device = directory.login.remember_device(alice, "")
    assert directory.login.knows_device(alice, device)
    assert not directory.login.knows_device(bob, device)


@pytest.mark.parametrize("waited", [False, True])
def test_no_more_than_the_stated_number_of_guesses_passes_in_a_day(directory: Directory, alice: User, place: Place, waited: bool) -> None:
    """Everybody in the world tries all the time, from networks that nobody used before; those who wait are admitted at each interval."""
    day, step = 24 * HOUR, 4 * MINUTE
    passed = number = 0
    for _ in range(day // step):
        place.clock.now += step if not waited else 0
        for _ in range(step // ADMISSION_INTERVAL if waited else 1):
            place.clock.now += ADMISSION_INTERVAL if waited else 0
            while True:
                number += 1
                address = f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"
                if directory.login.authenticate("alice", "wrong horse", address=address, waited=waited) is LoginRejection.PAUSED:
                    break
                passed += 1
    assert passed == (2 + day // ADMISSION_INTERVAL - 1 if waited else STRANGERS.at_once - 1 + day // STRANGERS.each)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_what_counts_as_one_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "around"),
    [("192.0.2.1", "192.0.2.0/24"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"), ("2001:db8:1:2::/64", "2001:db8:1::/48"), ("", "")],
)
def test_what_counts_as_the_neighbourhood(address: str, around: str) -> None:
    assert network_of(address, 24, 48) == around


def test_an_erased_user_leaves_no_place_behind(place: Place, directory: Directory, alice: User) -> None:
    from sqlalchemy import select

    from cambist.directory.tables import login_devices, login_networks

    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)
    assert HOME.encode() not in place.octets()
    device = directory.login.remember_device(alice, "")
    assert device.encode() not in place.octets()
    directory.erase_user(alice)
    with directory._database.transaction() as connection:
        assert connection.execute(select(login_networks)).all() == []
        assert connection.execute(select(login_devices)).all() == []
