"""Keys: minted in a dialect's form, sealed at rest, limited by scope and address, revocable, shown again for an hour."""

import hmac
import time

import pytest

from cambist.directory import ApiKey, Directory, DirectoryRejection, KeyForm, User
from cambist.domain.units import AccountId
from tests.directory.conftest import FORM, HOUR, NOON, PASSWORD, Place, make_key


def test_a_minted_key_is_found_and_speaks_for_its_user(directory: Directory, alice: User) -> None:
    key = directory.mint_key(alice, FORM, {"trade", "info"}, ["192.0.2.0/24"])
    assert isinstance(key, ApiKey)
    assert (key.id, key.user, key.account, key.dialect, key.created, key.revoked) == (1, alice.id, 16, "btce", NOON, None)
    assert directory.find_key(key.key) == key
    assert directory.keys() == directory.keys(alice) == [key]
    assert key.permits("trade")
    assert not key.permits("withdraw")
    assert directory.find_key(key.key.lower()) is None
    assert directory.find_key("") is None


def test_the_secret_is_in_no_file_and_in_no_repr(place: Place, directory: Directory, key: ApiKey) -> None:
    directory.nonces.flush(1)
    assert key.secret
    for secret in (key.secret.encode(), bytes.fromhex(key.secret)):
        assert secret not in place.octets()
    assert key.secret not in repr(key)
    assert key.secret not in f"{key} {directory!r} {[key]}"


def test_a_key_outlives_a_restart(place: Place, directory: Directory, key: ApiKey) -> None:
    directory.close()
    assert place.open().find_key(key.key) == key


def test_who_follows_revocations_hears_of_each_once_and_after_it(directory: Directory, alice: User, key: ApiKey) -> None:
    heard: list[tuple[str, bool]] = []

    def broken(_: ApiKey) -> None:
        raise RuntimeError("a listener's own bug")

    directory.follow_revocations(broken)
    stop = directory.follow_revocations(lambda gone: heard.append((gone.key, directory.find_key(gone.key) is None)))
    assert directory.revoke(key)
    assert not directory.revoke(key)
    other = directory.mint_key(alice, FORM, set())
    assert isinstance(other, ApiKey)
    directory.erase_user(alice)
    assert heard == [(key.key, True), (other.key, True)]
    stop()
    stop()
    assert not directory.revoke(other)
    assert len(heard) == 2


def test_a_revoked_key_is_gone_for_good_with_its_secret(place: Place, directory: Directory, key: ApiKey) -> None:
    place.clock.now += 9
    assert directory.revoke(key) is True
    assert directory.revoke(key) is False
    assert directory.find_key(key.key) is None
    assert directory.reveal_secret(key) is DirectoryRejection.KEY_REVOKED
    directory.close()
    reopened = place.open()
    assert reopened.find_key(key.key) is None
    assert reopened.keys() == []
    (listed,) = reopened.keys(revoked=True)
    assert (listed.key, listed.secret, listed.revoked) == (key.key, "", NOON + 9)


@pytest.mark.parametrize(
    ("age", "shown"), [(0, True), (HOUR - 1, True), (HOUR, False), (30 * HOUR, False)], ids=["at once", "59 min", "1 h", "30 h"]
)
def test_a_secret_is_shown_again_in_the_first_hour_only(place: Place, directory: Directory, key: ApiKey, age: int, shown: bool) -> None:
    directory.close()
    reopened = place.open()
    place.clock.now += age
    assert reopened.reveal_secret(key) == (key.secret if shown else DirectoryRejection.REVEAL_OVER)
    assert reopened.reveal_secret(key, now=NOON + age) == (key.secret if shown else DirectoryRejection.REVEAL_OVER)


def test_each_dialect_mints_its_own_form(directory: Directory, alice: User) -> None:
    bearer = KeyForm("expie", lambda entropy: ("digest-of-the-token", entropy("token", 32).hex()))
    key = directory.mint_key(alice, bearer, {"anything"})
    assert isinstance(key, ApiKey)
    assert (key.dialect, len(key.secret)) == ("expie", 64)
    assert directory.find_key("digest-of-the-token") == key


def test_a_seed_gives_a_user_the_same_keys_whatever_else_was_minted(place: Place, directory: Directory, alice: User) -> None:
    first, second = directory.mint_key(alice, FORM, {"info"}), directory.mint_key(alice, FORM, {"info"})
    assert isinstance(first, ApiKey)
    assert isinstance(second, ApiKey)
    assert first.key != second.key
    other_folder = place.folder / "other"
    other_folder.mkdir()
    other = Place(other_folder)
    elsewhere = other.open()
    bob, again = elsewhere.add_user("bob", PASSWORD, 17), elsewhere.add_user("alice", PASSWORD, 16)
    assert isinstance(bob, User)
    assert isinstance(again, User)
    elsewhere.mint_key(bob, FORM, {"info"})
    elsewhere.mint_key(again, KeyForm("wex", make_key), {"info"})
    key = elsewhere.mint_key(again, FORM, {"info"})
    other.close()
    assert isinstance(key, ApiKey)
    assert (key.key, key.secret) == (first.key, first.secret)


def test_a_key_that_exists_is_not_minted_twice(directory: Directory, alice: User) -> None:
    stuck = KeyForm("btce", lambda entropy: ("SAME", "secret"))
    first = directory.mint_key(alice, stuck, {"info"})
    assert directory.mint_key(alice, stuck, {"info"}) is DirectoryRejection.KEY_TAKEN
    assert directory.keys() == [first]


def test_a_new_key_never_takes_the_number_of_one_that_the_journal_knows(directory: Directory, alice: User) -> None:
    """A directory restored from an old backup meets, in the journal, keys that were minted after it."""
    directory.nonces.apply(key_id=41, nonce=1_795_000_000, seq=7)
    key = directory.mint_key(alice, FORM, {"info"})
    assert isinstance(key, ApiKey)
    assert key.id == 42
    assert directory.nonces.last(key.id) == 0


@pytest.mark.parametrize("scopes", [{"info", "fly"}, {""}, {"info trade"}])
def test_scopes_that_the_api_does_not_have_are_refused(directory: Directory, alice: User, scopes: set[str]) -> None:
    assert directory.mint_key(alice, FORM, scopes) is DirectoryRejection.SCOPE_UNKNOWN
    assert directory.keys() == []


@pytest.mark.parametrize(
    ("allowed", "ip", "passes"),
    [
        ([], "203.0.113.9", True),
        ([], "not an address", True),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["192.0.2.0/24"], "192.0.2.200", True),
        (["192.0.2.99/24"], "192.0.2.200", True),
        (["192.0.2.0/24"], "192.0.3.1", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.200", True),
        (["192.0.2.0/24"], "::ffff:c000:2c8", True),
        (["192.0.2.0/24"], "::192.0.2.200", False),
        (["::ffff:192.0.2.0/120"], "192.0.2.200", True),
        (["::ffff:192.0.2.7"], "::ffff:192.0.2.7", True),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["2001:db8::/32"], "192.0.2.7", False),
        (["::/0"], "192.0.2.7", False),
        (["::/0"], "2001:db8::1", True),
        (["192.0.2.7", "2001:db8::/32"], "2001:db8::1", True),
        (["192.0.2.7"], "", False),
        (["192.0.2.7"], "192.0.2.7:443", False),
        (["192.0.2.7"], "0300.0.2.7", False),
    ],
)
def test_address_lists(place: Place, directory: Directory, alice: User, allowed: list[str], ip: str, passes: bool) -> None:
    key = directory.mint_key(alice, FORM, {"info"}, allowed)
    assert isinstance(key, ApiKey)
    assert key.allows(ip) is passes
    directory.close()
    reread = place.open().find_key(key.key)
    assert reread is not None
    assert reread.allows(ip) is passes


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2", "192.0.2.7/33", "192.0.2.0-192.0.2.9", "fe80::g"])
def test_what_is_no_network_is_refused(directory: Directory, alice: User, text: str) -> None:
    assert directory.mint_key(alice, FORM, {"info"}, ["192.0.2.7", text]) is DirectoryRejection.ADDRESS_INVALID


def test_finding_a_key_is_a_look_into_memory(directory: Directory, key: ApiKey) -> None:
    started = time.perf_counter()
    for _ in range(10_000):
        directory.find_key(key.key)
    assert time.perf_counter() - started < 0.5, "20 statements a millisecond is what a database cannot do"


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("length", [0, 1, 64, 127, 128, 129, 500])
def test_signatures_are_hmacs_for_secrets_below_and_above_a_block(digest: str, length: int) -> None:
    secret = bytes(number % 251 for number in range(length))
    key = ApiKey(1, 1, AccountId(1), "btce", "k", "unused", frozenset(), (), 0)
    for message in (b"", b"method=Trade&nonce=1", bytes(1_000)):
        right = hmac.digest(secret, message, digest)
        assert key.hmac_key(digest, lambda _key: secret).mac(message) == right


def test_a_secret_is_utf8_unless_an_api_has_it_otherwise() -> None:
    key = ApiKey(1, 1, AccountId(1), "btce", "k", "gehëim", frozenset(), (), 0)
    assert key.hmac_key("sha512").mac(b"nonce=1") == hmac.digest("gehëim".encode(), b"nonce=1", "sha512")
