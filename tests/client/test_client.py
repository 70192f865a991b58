"""The client, waiting and with asyncio, against a sandbox in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cambist.api_types.accounts import LogIn, ProveIdentity, SignUp
from cambist.api_types.funds import CreateCoupon, RedeemCoupon
from cambist.api_types.keys import CreateKey
from cambist.api_types.markets import BookQuery
from cambist.api_types.orders import CancelQuery, OrdersQuery, PlaceOrder
from cambist.api_types.stream import BalancesSnapshot, BookDelta, BookSnapshot, Done, OrdersChanged
from cambist.client import ApiProblem, AsyncClient, BookBroken, Client, Credentials, FollowedBook, UnexpectedReply, calls, operator_calls
from cambist.operations.orders import ListOrders
from cambist.operations.users import FreezeUser, OfUser, RoleSet, SetRole
from tests.support.processes import Running, cambist, serving
from tests.support.sandbox_control import done

ROOT = Path(__file__).resolve().parents[2]
LOW = PlaceOrder(market="btc_usd", side="buy", type="limit", price="1", amount="0.1")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--seed", "7") as running:
        yield running


def person(sandbox: Running, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.ready["users"][number]
    return found


def credentials(sandbox: Running, number: int = 0) -> Credentials:
    key = person(sandbox, number)["keys"]["native"]
    return Credentials(key["key"], key["secret"])


def test_the_calls_are_those_of_the_server_s_table() -> None:
    ran = subprocess.run([sys.executable, ROOT / "scripts" / "native_client_calls.py", "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_an_order_from_placing_to_cancelling(sandbox: Running) -> None:
    with Client(sandbox.url, credentials(sandbox)) as client:
        placed = client.send(calls.place_order(LOW), idempotency_key="one")
        assert client.send(calls.place_order(LOW), idempotency_key="one") == placed
        shown = client.send(calls.find_order(placed.id))
        assert (shown.status, shown.client_order_id, shown.price) == ("open", "one", "1")
        listed = client.send(calls.list_orders(OrdersQuery(market="btc_usd", limit=1)))
        assert listed.rows == [shown]
        assert client.send(calls.cancel_order(placed.id)).id == placed.id
        with pytest.raises(ApiProblem, match="order-not-live") as refused:
            client.send(calls.cancel_order(placed.id))
        assert refused.value.problem.status == 409


async def test_the_same_with_asyncio(sandbox: Running) -> None:
    async with AsyncClient(sandbox.url, credentials(sandbox, 1)) as client:
        placed = await client.send(calls.place_order(LOW))
        again = await client.send(calls.place_order(LOW))
        assert placed.id != again.id
        assert (await client.send(calls.cancel_all_orders(CancelQuery(market="btc_usd")))).count == 2
        with pytest.raises(ApiProblem, match="market-unknown"):
            await client.send(calls.find_market("btc_xxx"))


def test_a_person_signs_up_makes_a_key_and_uses_it(sandbox: Running) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    with Client(sandbox.url) as client:
        session = client.send(calls.sign_up(SignUp(name="Maria", password="correct horse")))
        assert client.send(calls.show_session()).profile == session.profile
        made = client.send(calls.create_key(CreateKey(api="native", public_key=private.public_key().public_bytes_raw().hex())))
        with Client(sandbox.url, Credentials(made.key.key, private_key=bytes(range(1, 33)).hex())) as signing:
            assert signing.send(calls.show_profile()).name == "Maria"
        with client.stream() as stream:
            stream.subscribe("balances")
            assert isinstance(stream.receive(20), Done)
            assert isinstance(stream.receive(20), BalancesSnapshot)
        client.send(calls.log_out())
        with pytest.raises(ApiProblem, match="unauthenticated"):
            client.send(calls.show_session())
        client.send(calls.log_in(LogIn(name="maria", password="correct horse")))


def test_money_by_a_coupon(sandbox: Running) -> None:
    with Client(sandbox.url, credentials(sandbox)) as alice, Client(sandbox.url, credentials(sandbox, 1)) as bob:
        coupon = alice.send(calls.create_coupon(CreateCoupon(asset="BTC", amount="0.25")))
        assert bob.send(calls.redeem_coupon(RedeemCoupon(code=coupon.code))).amount == "0.25"


def made(sandbox: Running, number: int, scopes: list[str]) -> dict[str, str]:
    """A key of such scopes, made after a login."""
    with Client(sandbox.url) as client:
        client.send(calls.log_in(LogIn(name=person(sandbox, number)["name"], password=person(sandbox, number)["password"])))
        return client.send(calls.create_key(CreateKey(api="native", scopes=scopes))).credentials


def test_a_key_without_the_scope_is_told_so(sandbox: Running) -> None:
    reading = made(sandbox, 0, ["read"])
    with Client(sandbox.url, Credentials(reading["key"], reading["secret"])) as client, pytest.raises(ApiProblem, match="scope-missing"):
        client.send(calls.create_coupon(CreateCoupon(asset="BTC", amount="0.25")))


async def test_a_busy_book_is_followed_with_every_rule(sandbox: Running) -> None:
    """The sandbox's traders change it all the time."""
    book = FollowedBook()
    async with AsyncClient(sandbox.url) as client, client.stream() as stream:
        await stream.subscribe("book:btc_usd:50")
        deltas = 0
        async for message in stream:
            if isinstance(message, BookSnapshot | BookDelta):
                book.apply(message)
                deltas += isinstance(message, BookDelta)
            if deltas == 30:
                break
        asked = await client.send(calls.show_book("btc_usd", BookQuery(depth=1)))
    assert book.sequence is not None
    assert asked.sequence >= book.sequence
    assert book.bids[0][0] < book.asks[0][0] or float(book.bids[0][0]) < float(book.asks[0][0])


async def test_one_s_own_orders_are_pushed(sandbox: Running) -> None:
    async with AsyncClient(sandbox.url, credentials(sandbox, 2)) as client, client.stream() as stream:
        assert isinstance(await stream.receive(), Done)
        await stream.subscribe("orders")
        placed = await client.send(calls.place_order(LOW))
        async for message in stream:
            if isinstance(message, OrdersChanged) and message.orders[0].id == placed.id:
                assert message.orders[0].status == "open"
                return
    pytest.fail("the stream ended first")


def test_a_gap_and_a_wrong_checksum_are_noticed() -> None:
    snapshot = BookSnapshot(topic="t", market="btc_usd", sequence=5, time=0, checksum=0, bids=[], asks=[])
    with pytest.raises(BookBroken, match="checksum"):
        FollowedBook().apply(snapshot)
    delta = BookDelta(topic="t", market="btc_usd", previous=5, sequence=6, time=0, checksum=0, bids=[], asks=[])
    with pytest.raises(BookBroken, match="expected a delta on None, got one on 5"):
        FollowedBook().apply(delta)


def test_what_is_no_reply_of_this_api(sandbox: Running) -> None:
    with Client(f"{sandbox.url}/nothing") as client, pytest.raises(UnexpectedReply, match="status 404"):
        client.send(calls.server_time())
    with Client("http://127.0.0.1:1") as client, pytest.raises(httpx.TransportError):
        client.send(calls.server_time())


def test_credentials_show_no_secret_and_name_one_way_to_sign() -> None:
    assert repr(Credentials("k", "a secret")) == "Credentials('k')"
    for secret, private_key in (("", ""), ("a", "00" * 32)):
        with pytest.raises(ValueError, match="either"):
            Credentials("k", secret, private_key)


def test_an_order_under_a_key_survives_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--quiet", "--data", data) as running:
        with Client(running.url, credentials(running)) as client:
            placed = client.send(calls.place_order(LOW), idempotency_key="kept")
        running.kill()
    with serving(tmp_path, "sandbox", "--quiet", "--data", data) as running, Client(running.url, credentials(running)) as client:
        again = client.send(calls.place_order(LOW), idempotency_key="kept")
        assert (again.id, again.status) == (placed.id, "open")
        assert len(client.send(calls.list_orders()).rows) == 1


def test_an_operator_looks_after_the_venue(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running, Client(running.url) as olga, Client(running.url) as maria:
        for client, name in ((olga, "olga"), (maria, "maria")):
            client.send(calls.sign_up(SignUp(name=name, password="correct horse")))
        with pytest.raises(ApiProblem, match="scope-missing"):
            olga.send(operator_calls.operator_status())
        assert cambist("user", "role", "olga", "operator", "--data", data).returncode == 0
        assert [row.name for row in olga.send(operator_calls.operator_user_list())] == ["olga", "maria"]
        assert olga.send(operator_calls.operator_order_list(ListOrders(user="maria"))) == []
        frozen = olga.send(operator_calls.operator_user_freeze(FreezeUser(user="maria")), idempotency_key="shut")
        assert frozen.name == "maria"
        with pytest.raises(ApiProblem, match="unauthenticated"):
            maria.send(calls.list_balances())
        with pytest.raises(ApiProblem, match="user-unknown"):
            olga.send(operator_calls.operator_user_freeze(FreezeUser(user="nobody")))
        assert not olga.send(operator_calls.operator_user_unfreeze(OfUser(user="maria")), idempotency_key="let-in").cancelled


def test_an_operator_proves_who_they_are_and_sends_it_again(tmp_path: Path) -> None:
    data = tmp_path / "sandbox"
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "manual", "--data", data) as running, Client(running.url) as olga:
        olga.send(calls.sign_up(SignUp(name="olga", password="correct horse")))
        assert cambist("user", "role", "olga", "operator", "--data", data).returncode == 0
        done(running, "POST", "/sandbox/clock", {"advance": 11 * 60})
        call = operator_calls.operator_user_role(SetRole(user="alice", role="support"))
        with pytest.raises(ApiProblem, match="proof-required"):
            olga.send(call, idempotency_key="role")
        olga.send(calls.prove_identity(ProveIdentity(password="correct horse")))
        assert olga.send(call, idempotency_key="role") == RoleSet("alice", "support")
