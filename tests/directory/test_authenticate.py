"""Logging in: one rule for every door, and a stranger who guesses does not shut the owner out."""

import pyotp
import pytest

from cambist.directory import Directory, Enrolment, HotpKey, LoginRejection, User
from cambist.directory.login import KNOWN_FOR, STRANGERS_FREE, network_of
from tests.directory.conftest import NOON, PASSWORD, SECOND, Place

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
    assert directory.check_code(alice, device.at(0)) is LoginRejection.CODE_WRONG
    assert directory.check_code(alice, device.at(1)) is None


def test_wrong_codes_rest_like_wrong_passwords(directory: Directory, alice: User) -> None:
    device = with_totp(directory, alice)
    for _ in range(5):
        assert directory.check_code(alice, "000000") is LoginRejection.CODE_WRONG
    assert directory.check_code(alice, device.at(NOON // (30 * SECOND))) is LoginRejection.PAUSED


def test_who_guesses_from_elsewhere_shuts_only_themselves_out(directory: Directory, alice: User) -> None:
    for _ in range(5):
        assert directory.authenticate("alice", "wrong horse", address="203.0.113.9") is LoginRejection.WRONG
    assert directory.authenticate("alice", PASSWORD, address="203.0.113.9") is LoginRejection.PAUSED
    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)


def test_a_crowd_of_strangers_rests_and_the_owner_still_comes_in_from_home(directory: Directory, alice: User, place: Place) -> None:
    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)
    for number in range(STRANGERS_FREE):
        assert directory.authenticate("alice", "wrong horse", address=f"203.0.113.{number}") is LoginRejection.WRONG
    assert directory.authenticate("alice", PASSWORD, address="198.51.100.1") is LoginRejection.PAUSED
    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)
    directory.close()
    again = place.open()
    assert isinstance(again.authenticate("alice", PASSWORD, address=HOME), User), "also after a restart"
    place.clock.now += KNOWN_FOR + 1
    assert isinstance(again.authenticate("alice", PASSWORD, address=HOME), User), "strangers' guesses are forgotten in a day"


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


def test_an_erased_user_leaves_no_network_behind(place: Place, directory: Directory, alice: User) -> None:
    from sqlalchemy import select

    from cambist.directory.tables import login_networks

    assert isinstance(directory.authenticate("alice", PASSWORD, address=HOME), User)
    assert HOME.encode() not in place.octets()
    directory.erase_user(alice)
    with directory._database.transaction() as connection:
        assert connection.execute(select(login_networks)).all() == []
