"""Sessions and one-time codes."""

import base64
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyotp
import pytest

from cambist.directory import Directory, DirectoryRejection, Enrolment, User
from tests.directory.conftest import HOUR, NOON, PASSWORD, SECOND, Place

STEP = 30 * SECOND


def code_at(enrolment: Enrolment, now: int) -> str:
    return pyotp.HOTP(enrolment.secret).at(now // STEP)


def enrolled(directory: Directory, user: User) -> Enrolment:
    enrolment = directory.totp.enrol(user)
    assert isinstance(enrolment, Enrolment)
    return enrolment


def test_a_session_is_found_by_its_token_until_it_expires(place: Place, directory: Directory, alice: User) -> None:
    token, session = directory.sessions.open(alice, HOUR)
    assert (session.user, session.account, session.created, session.expires) == (alice.id, 16, NOON, NOON + HOUR)
    assert directory.sessions.find(token) == session
    assert directory.sessions.find(token[:-1]) is None
    assert directory.sessions.find("\ud800") is None
    place.clock.now += HOUR
    assert directory.sessions.find(token) is None


def test_a_session_outlives_a_restart_and_only_its_hash_lies_in_the_file(place: Place, directory: Directory, alice: User) -> None:
    token, session = directory.sessions.open(alice, HOUR)
    directory.close()
    assert token.encode() not in place.octets()
    assert bytes.fromhex(token) not in place.octets()
    assert place.open().sessions.find(token) == session


def test_expired_sessions_leave_the_file(place: Place, directory: Directory, alice: User) -> None:
    first, _ = directory.sessions.open(alice, HOUR)
    place.clock.now += HOUR
    second, session = directory.sessions.open(alice, HOUR)
    assert first != second
    directory.close()
    reopened = place.open()
    assert reopened.sessions.find(first) is None
    assert reopened.sessions.find(second) == session


def test_revoking_ends_one_session_or_all_of_a_user(directory: Directory, alice: User) -> None:
    bob = directory.add_user("bob", PASSWORD, 17)
    assert isinstance(bob, User)
    (one, session), (two, _), (three, _), (bobs, _) = [directory.sessions.open(user, HOUR) for user in (alice, alice, alice, bob)]
    directory.sessions.revoke(session)
    assert [directory.sessions.find(token) is not None for token in (one, two, three, bobs)] == [False, True, True, True]
    directory.sessions.revoke_all(alice)
    assert [directory.sessions.find(token) is not None for token in (one, two, three, bobs)] == [False, False, False, True]


def test_a_session_that_is_revoked_while_others_change_stays_revoked(directory: Directory, alice: User) -> None:
    """Each change copies what is live: none may bring back what another one took away."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            (token, session), (_, other) = directory.sessions.open(alice, HOUR), directory.sessions.open(alice, HOUR)
            with ThreadPoolExecutor(4) as pool:
                for work in (directory.sessions.revoke, directory.sessions.prove, directory.sessions.prove):
                    pool.submit(work, session if work == directory.sessions.revoke else other)
            assert directory.sessions.find(token) is None
            assert directory.sessions.of(alice) == [replace(other, proved=NOON)]
            directory.sessions.revoke_all(alice)
    finally:
        sys.setswitchinterval(interval)


def test_codes_are_asked_for_only_after_a_first_one_was_right(place: Place, directory: Directory, alice: User) -> None:
    enrolment = enrolled(directory, alice)
    assert not directory.totp.active(alice)
    assert not directory.totp.verify(alice, code_at(enrolment, NOON))
    assert not directory.totp.confirm(alice, "000000")
    assert directory.totp.confirm(alice, code_at(enrolment, NOON))
    assert directory.totp.active(alice)
    assert directory.totp.enrol(alice) is DirectoryRejection.TOTP_ACTIVE


@pytest.mark.parametrize(
    ("late", "accepted"),
    [(-2 * STEP, False), (-STEP, True), (0, True), (STEP, True), (2 * STEP, False)],
    ids=["two steps early", "a step early", "in time", "a step late", "two steps late"],
)
def test_a_code_is_good_for_a_step_before_and_after(place: Place, directory: Directory, alice: User, late: int, accepted: bool) -> None:
    enrolment = enrolled(directory, alice)
    assert directory.totp.confirm(alice, code_at(enrolment, NOON))
    place.clock.now += HOUR
    assert directory.totp.verify(alice, code_at(enrolment, place.clock.now - late)) is accepted


def test_a_code_is_accepted_once_also_after_a_restart(place: Place, directory: Directory, alice: User) -> None:
    enrolment = enrolled(directory, alice)
    first = code_at(enrolment, NOON)
    assert directory.totp.confirm(alice, first)
    assert not directory.totp.verify(alice, first)
    place.clock.now += STEP
    second = code_at(enrolment, place.clock.now)
    assert directory.totp.verify(alice, f" {second} ")
    directory.close()
    reopened = place.open()
    assert not reopened.totp.verify(alice, second)
    assert not reopened.totp.verify(alice, first), "an older code is used up with a newer one"
    place.clock.now += STEP
    assert reopened.totp.verify(alice, code_at(enrolment, place.clock.now))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\ud800", "١٢٣٤٥٦"])
def test_what_is_no_code_is_wrong(directory: Directory, alice: User, code: str) -> None:
    enrolment = enrolled(directory, alice)
    assert not directory.totp.confirm(alice, code)
    assert directory.totp.confirm(alice, code_at(enrolment, NOON))


def test_the_secret_is_sealed_and_enrolling_again_changes_it(place: Place, directory: Directory, alice: User) -> None:
    first, second = enrolled(directory, alice), enrolled(directory, alice)
    assert first.secret != second.secret
    assert second.uri.startswith("otpauth://totp/Cambist:alice?secret=")
    for enrolment in (first, second):
        assert enrolment.secret.encode() not in place.octets()
        assert base64.b32decode(enrolment.secret) not in place.octets()
        assert enrolment.secret not in repr(enrolment)
    assert not directory.totp.confirm(alice, code_at(first, NOON))


def test_codes_can_be_switched_off(directory: Directory, alice: User) -> None:
    enrolment = enrolled(directory, alice)
    assert directory.totp.confirm(alice, code_at(enrolment, NOON))
    directory.totp.remove(alice)
    assert not directory.totp.active(alice)
    assert not directory.totp.verify(alice, code_at(enrolment, NOON))
    assert isinstance(directory.totp.enrol(alice), Enrolment)
