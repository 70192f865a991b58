"""Recovery codes, sessions and security events in their file: used once, remembered after a kill, gone with the user."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cambist.directory import Directory, LoginRejection, Role, SecurityEventKind, Session, User, marks
from cambist.directory.security_events import FAILURES_KEPT
from cambist.directory.sessions import MOST
from tests.directory.conftest import HOUR, PASSWORD, Place


def with_totp(directory: Directory, user: User) -> None:
    directory.totp.forget_secret(user, "A" * 32)


def test_each_code_is_good_once_in_place_of_a_one_time_code(directory: Directory, alice: User) -> None:
    with_totp(directory, alice)
    codes, _ = directory.recovery.renew(alice)
    assert len(set(codes)) == 10
    assert directory.authenticate("alice", PASSWORD) is LoginRejection.CODE_REQUIRED
    assert directory.authenticate("alice", PASSWORD, codes[3]) == alice
    assert directory.authenticate("alice", PASSWORD, codes[3]) is LoginRejection.CODE_WRONG
    assert directory.recovery.left(alice) == 9


def test_of_many_who_show_a_code_at_once_one_has_it(directory: Directory, alice: User) -> None:
    codes, _ = directory.recovery.renew(alice)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: directory.recovery.use(alice, codes[0]), range(16)))
    assert found.count(True) == 1


def test_codes_are_one_user_s_and_survive_a_kill(place: Place, directory: Directory, alice: User) -> None:
    bob = directory.add_user("bob", PASSWORD, 17)
    assert isinstance(bob, User)
    codes, _ = directory.recovery.renew(alice)
    assert not directory.recovery.use(bob, codes[0])
    assert directory.recovery.use(alice, codes[0])
    directory.close()
    again = place.open()
    assert not again.recovery.use(alice, codes[0])
    assert again.recovery.use(alice, codes[1])
    assert not any(code.replace("-", "").encode() in place.octets() for code in codes)


def test_an_older_copy_learns_what_the_journal_knows(directory: Directory, alice: User) -> None:
    codes, number = directory.recovery.renew(alice)
    assert directory.apply_mark(marks.recovery_renewed(alice.account, number)) is None
    assert directory.apply_mark(marks.recovery_used(alice.account, 1)) == "a recovery code of alice was used again"
    assert directory.apply_mark(marks.recovery_used(alice.account, 1)) is None
    assert not directory.recovery.use(alice, codes[0])
    said = directory.apply_mark(marks.recovery_renewed(alice.account, number + 1))
    assert said is not None
    assert directory.recovery.left(alice) == 0


def test_what_used_a_code_up_is_told(directory: Directory, alice: User) -> None:
    heard: list[tuple[User, int]] = []
    directory.recovery.follow_uses(lambda user, number: heard.append((user, number)))
    codes, _ = directory.recovery.renew(alice)
    directory.recovery.use(alice, codes[1])
    assert heard == [(alice, 2)]


def test_more_sessions_than_one_user_may_have_end_the_oldest(directory: Directory, alice: User) -> None:
    ended: list[Session] = []
    directory.sessions.follow_ends(ended.append)
    opened = [directory.sessions.open(alice, HOUR, "192.0.2.1", f"browser {number}")[1] for number in range(MOST + 2)]
    assert ended == opened[:2]
    assert directory.sessions.of(alice) == opened[:1:-1]


def test_where_a_session_was_opened_is_known_after_a_restart(place: Place, directory: Directory, alice: User) -> None:
    token, session = directory.sessions.open(alice, HOUR, "192.0.2.1", "x" * 500)
    assert (session.address, len(session.agent)) == ("192.0.2.1", 200)
    directory.close()
    assert place.open().sessions.find(token) == session


@pytest.mark.parametrize("kind", [SecurityEventKind.LOGGED_IN, SecurityEventKind.LOGIN_FAILED])
def test_strangers_push_only_their_own_failures_out(directory: Directory, alice: User, kind: SecurityEventKind) -> None:
    directory.security_events.record(alice, SecurityEventKind.PASSWORD_CHANGED, "192.0.2.1")
    for number in range(FAILURES_KEPT + 5):
        directory.security_events.record(alice, kind, f"198.51.100.{number}")
    found = directory.security_events.newest(alice, 1_000)
    kept = FAILURES_KEPT if kind is SecurityEventKind.LOGIN_FAILED else FAILURES_KEPT + 5
    assert [event.kind for event in found] == [kind] * kept + [SecurityEventKind.PASSWORD_CHANGED]


def test_nothing_of_it_outlives_the_user(place: Place, directory: Directory, alice: User) -> None:
    directory.recovery.renew(alice)
    directory.sessions.open(alice, HOUR, "203.0.113.77", "A very own browser")
    directory.security_events.record(alice, SecurityEventKind.LOGGED_IN, "203.0.113.77")
    directory.erase_user(alice)
    assert directory.recovery.left(alice) == 0
    assert directory.security_events.newest(alice, 10) == []
    assert b"203.0.113.77" not in place.octets()
    assert b"A very own browser" not in place.octets()


def test_a_role_is_kept_and_an_older_copy_loses_it(place: Place, directory: Directory, alice: User) -> None:
    assert directory.role(alice.id) is None
    number = directory.set_role(alice, Role.SUPPORT)
    directory.close()
    again = place.open()
    assert again.role(alice.id) is Role.SUPPORT
    assert again.apply_mark(marks.role_set(alice.account, number)) is None
    assert again.apply_mark(marks.role_set(alice.account, number + 1)) is not None
    assert again.role(alice.id) is None
