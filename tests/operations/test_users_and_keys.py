"""Users, keys and second factors, as an operator changes them."""

import asyncio

import pyotp
import pytest

from cambist.directory import LoginRejection, User
from cambist.domain.orders import Side
from tests.operations.conftest import CLERK, Office


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("_", None, "name-invalid"),
        ("bob", "short", "password-too-short"),
        ("ALICE", None, "name-taken"),
        ("bob", "x" * 1025, "password-too-long"),
    ],
)
async def test_a_refused_user_uses_no_account_up(office: Office, alice: int, name: str, password: str | None, code: str) -> None:
    assert await office.refused("user.add", name=name, password=password) == code
    assert (await office.done("user.add", name="carol"))["account"] == alice + 1


async def test_of_two_who_want_a_name_at_once_one_gets_it_and_no_account_is_lost(office: Office) -> None:
    both = await asyncio.gather(*[office.operations.run(CLERK, "user.add", {"name": "dave"}) for _ in range(2)])
    assert {type(result).__name__ for result in both} == {"UserAdded", "Rejected"}
    assert office.engine.accounts == 17


async def test_an_account_without_a_user_can_be_given_to_one(office: Office, alice: int) -> None:
    empty = office.immediate.open_account().id
    assert (await office.done("user.add", name="bob", account=empty))["account"] == empty
    assert await office.refused("user.add", name="carol", account=empty) == "account-taken"
    assert await office.refused("user.add", name="carol", account=5) == "account-unknown"
    assert await office.refused("user.add", name="carol", account=99) == "account-unknown"


async def test_a_frozen_user_is_shut_out_and_keeps_the_money(office: Office, alice: int) -> None:
    key = (await office.done("key.create", user="alice", dialect="btce"))["credentials"]["key"]
    office.order(alice, Side.SELL, 9_000_000, 10**8)
    assert await office.done("user.freeze", user="alice") == {"name": "alice", "changed": True, "cancelled": 0}
    assert office.directory.find_key(key) is None
    assert office.directory.authenticate("alice", "a password") is LoginRejection.FROZEN
    assert office.engine.open_order_count(alice) == 1
    assert await office.done("user.freeze", user=f"@{alice}", cancel_orders=True) == {"name": "alice", "changed": False, "cancelled": 1}
    assert office.engine.balance(alice, 1) == (10 * 10**16, 0)
    assert (await office.done("user.list"))[0]["frozen"] == office.clock.now
    assert await office.refused("key.create", user="alice", dialect="btce") == "user-frozen"
    assert (await office.done("user.unfreeze", user="alice"))["changed"]
    assert office.directory.find_key(key) is not None
    assert isinstance(office.directory.authenticate("alice", "a password"), User)


async def test_a_new_password_takes_the_place_of_the_old_one(office: Office, alice: int) -> None:
    user = office.directory.user("alice")
    assert user is not None
    token, _ = office.directory.sessions.open(user, 10**9)
    made_up = (await office.done("user.password", user="alice"))["password"]
    assert isinstance(office.directory.authenticate("alice", made_up), User)
    assert office.directory.authenticate("alice", "a password") is LoginRejection.WRONG
    assert office.directory.sessions.find(token) is None
    assert await office.refused("user.password", user="alice", password="short") == "password-too-short"


async def test_erasing_waits_until_the_account_is_empty(office: Office, alice: int) -> None:
    assert await office.refused("user.erase", user="alice") == "account-not-empty"
    bob = (await office.done("user.add", name="bob"))["account"]
    assert await office.done("user.erase", user="bob") == {"account": bob, "cancelled": 0}
    assert await office.refused("user.erase", user="bob") == "user-unknown"
    assert await office.refused("user.freeze", user=f"@{bob}") == "user-unknown"


async def test_a_key_has_its_apis_own_scopes(office: Office, alice: int) -> None:
    assert (await office.done("key.create", user="alice", dialect="btce"))["scopes"] == ["info", "trade"]
    expie = await office.done("key.create", user="alice", dialect="expie")
    assert (expie["scopes"], set(expie["credentials"])) == (["read"], {"token", "access_id"})
    assert await office.refused("key.create", user="alice", dialect="btce", scopes=[]) == "scopes-empty"
    assert await office.refused("key.create", user="alice", dialect="nyse") == "dialect-unknown"
    assert await office.refused("key.create", user="alice", dialect="btce", ip_allow=["the office"]) == "address-invalid"
    rejected = await office.operations.run(CLERK, "key.create", {"user": "alice", "dialect": "expie", "scopes": ["read", "steal"]})
    assert rejected.text == "expie has no scope steal; it has read"


async def test_a_renewed_key_begins_anew_and_the_old_one_ends(office: Office, alice: int) -> None:
    old = await office.done("key.create", user="alice", dialect="btce", scopes=["info"], ip_allow=["192.0.2.0/24"])
    new = await office.done("key.renew", key=old["credentials"]["key"])
    assert new["credentials"]["key"] != old["credentials"]["key"]
    assert {name: new[name] for name in ("user", "dialect", "scopes", "ip_allow")} == {
        "user": "alice",
        "dialect": "btce",
        "scopes": ["info"],
        "ip_allow": ["192.0.2.0/24"],
    }
    assert office.directory.find_key(old["credentials"]["key"]) is None
    key = office.directory.find_key(new["credentials"]["key"])
    assert key is not None
    assert office.directory.nonces.last(key.id) == 0
    assert await office.refused("key.renew", key=old["credentials"]["key"]) == "key-revoked"


async def test_a_revoked_key_stays_revoked_and_the_journal_knows_it(office: Office, alice: int) -> None:
    key = (await office.done("key.create", user="alice", dialect="btce"))["credentials"]["key"]
    live = office.directory.find_key(key)
    assert live is not None
    assert await office.done("key.revoke", key=key) == {"key": key, "repeated": False}
    assert await office.done("key.revoke", key=key) == {"key": key, "repeated": True}
    assert await office.refused("key.revoke", key="nothing") == "key-unknown"
    assert ["key-revoked", live.id] in [meta.memo["directory"] for meta in office.metas if meta.memo and "directory" in meta.memo]
    assert await office.done("key.list", user="alice") == []


async def test_a_secret_is_shown_again_for_an_hour(office: Office, alice: int) -> None:
    made = await office.done("key.create", user="alice", dialect="btce")
    assert (await office.done("key.reveal", key=made["credentials"]["key"]))["credentials"] == made["credentials"]
    office.clock.now += 3_600 * 10**6
    assert await office.refused("key.reveal", key=made["credentials"]["key"]) == "reveal-over"
    assert await office.refused("key.reveal", key="nothing") == "key-unknown"


async def test_one_time_codes_go_on_with_the_first_code_and_off_when_the_device_is_lost(office: Office, alice: int) -> None:
    secret = (await office.done("second-factor.enrol", user="alice"))["secret"]
    code = pyotp.HOTP(secret).at(office.clock.now // 30_000_000)
    assert await office.refused("second-factor.confirm", user="alice", code="12") == "code-wrong"
    assert await office.done("second-factor.confirm", user="alice", code=code) == {"name": "alice", "active": True}
    assert await office.refused("second-factor.enrol", user="alice") == "totp-active"
    assert office.directory.authenticate("alice", "a password") is LoginRejection.CODE_REQUIRED
    assert (await office.done("user.list"))[0]["second_factor"]
    assert await office.done("second-factor.remove", user="alice") == {"name": "alice", "active": False}
    assert isinstance(office.directory.authenticate("alice", "a password"), User)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["alice", "Bob", "carol_b", "dave"]),
        ({"search": "b"}, ["Bob", "carol_b"]),
        ({"search": "BOB"}, ["Bob"]),
        ({"search": "_"}, ["carol_b"]),
        ({"search": "%"}, []),
        ({"search": "@17"}, ["Bob"]),
        ({"search": "@99"}, []),
        ({"role": "support"}, ["carol_b"]),
        ({"frozen": True}, ["dave"]),
        ({"frozen": False, "search": "a"}, ["alice", "carol_b"]),
        ({"after": 17, "limit": 1}, ["carol_b"]),
    ],
)
async def test_users_are_found_by_name_account_role_and_state(
    office: Office, alice: int, wanted: dict[str, object], found: list[str]
) -> None:
    for name in ("Bob", "carol_b", "dave"):
        await office.done("user.add", name=name)
    await office.done("user.role", user="carol_b", role="support")
    await office.done("user.freeze", user="dave")
    assert [row["name"] for row in await office.done("user.list", **wanted)] == found


async def test_a_user_s_row_counts_live_keys_and_says_whether_codes_are_on(office: Office, alice: int) -> None:
    key = (await office.done("key.create", user="alice", dialect="btce"))["credentials"]["key"]
    await office.done("key.create", user="alice", dialect="expie")
    await office.done("key.revoke", key=key)
    secret = (await office.done("second-factor.enrol", user="alice"))["secret"]
    (row,) = await office.done("user.list")
    assert (row["keys"], row["second_factor"], row["created"]) == (1, False, office.clock.now)
    await office.done("second-factor.confirm", user="alice", code=pyotp.TOTP(secret).at(office.clock.now // 10**6))
    assert (await office.done("user.list"))[0]["second_factor"]
