"""A payment and its notice across the death of the server: nothing is lost, and nothing counts twice."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from cambist import _core
from cambist.app.config import default_text
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.domain.units import MarketId
from cambist.exchange import Commands, Done
from cambist.exchange.merchants import payment_id
from cambist.merchant import Label, MerchantService, OrderTexts, PaymentState, Terms
from cambist.merchant.view import MerchantView
from tests.support.immediate import Immediate
from tests.support.processes import Running, start
from tests.support.shop import OK, Shop, reply
from tests.support.waiting import until

HOUR = 3_600_000_000
SENT: list[tuple[str, dict[str, object], dict[str, str]]] = []
"""Every signed request as it went out."""


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, fields: dict[str, object], headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    request = Request(url, urlencode(fields).encode(), {"User-Agent": "shop", **(headers or {})})
    try:
        with build_opener(NoRedirects).open(request, timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def call(running: Running, user: int, path: str, **fields: object) -> Any:
    keys = running.ready["users"][user]["keys"]["mtgox"]
    whole = {"nonce": time.time_ns() // 1000, **fields}
    sign = base64.b64encode(hmac.new(base64.b64decode(keys["secret"]), urlencode(whole).encode(), hashlib.sha512).digest()).decode()
    SENT.append((f"/api/1/{path}", whole, {"Rest-Key": keys["key"], "Rest-Sign": sign}))
    status, body = post(f"{running.url}/api/1/{path}", whole, {"Rest-Key": keys["key"], "Rest-Sign": sign})
    answer = json.loads(body)
    assert status == 200, answer
    assert answer["result"] == "success", answer
    return answer["return"]


async def test_a_server_that_dies_between_payment_and_acknowledgement(tmp_path: Path) -> None:
    line = ("sandbox", "--seed", "7", "--quiet", "--data", tmp_path / "data", "--loopback-callbacks")
    SENT.clear()
    running = await asyncio.to_thread(start, tmp_path, *line)
    alice = running.ready["users"][0]
    try:
        # The first notice kills the server before it hears the answer.
        async with Shop([reply(b"half a moment"), OK]) as shop:
            shop.on_notice = running.kill
            made = await asyncio.to_thread(
                call, running, 1, "generic/private/merchant/order/create", currency="BTC", amount="2.5", data="order 7",
                return_success=f"{shop.url}/thanks", return_failure=f"{shop.url}/cart", ipn=f"{shop.url}/ipn",
            )  # fmt: skip
            status, _ = await asyncio.to_thread(post, f"{made['payment_url']}/pay", {"user": "alice", "password": alice["password"]})
            assert status == 303
            await asyncio.wait_for(shop.arrived.wait(), 30)
            assert running.process.poll() is not None
            shop.on_notice = lambda: None
            shop.arrived.clear()
            running = await asyncio.to_thread(start, tmp_path, *line)
            await asyncio.wait_for(shop.arrived.wait(), 30)
            assert [heard.fields["status"] for heard in shop.heard] == ["paid", "paid"]
            assert shop.heard[0].body == shop.heard[1].body
            keys = running.ready["users"][1]["keys"]["mtgox"]
            assert all(heard.signed_by(keys["key"], keys["secret"]) for heard in shop.heard)
            assert shop.heard[0].fields["id"] == made["transaction"]
            info = await asyncio.to_thread(call, running, 1, "generic/info")
            assert info["Wallets"]["BTC"]["Balance"]["value"] == "102.5"
            replayed = [await asyncio.to_thread(post, running.url + path, whole, headers) for path, whole, headers in SENT[:1]]
            assert [(status, json.loads(body)["error"]) for status, body in replayed] == [(403, "Invalid nonce")]
            again, _ = await asyncio.to_thread(
                post, f"{running.url}/payment/{made['transaction']}/pay", {"user": "alice", "password": alice["password"]}
            )
            assert again == 409
    finally:
        if running.process.poll() is None:
            running.kill()


async def test_a_server_that_dies_between_coins_and_acknowledgement(tmp_path: Path) -> None:
    swift = default_text().replace("block_seconds = 10", "block_seconds = 1").replace("confirmations = 3", "confirmations = 1")
    (tmp_path / "swift.toml").write_text(swift)
    line = ("sandbox", "--seed", "7", "--quiet", "--data", tmp_path / "data", "--loopback-callbacks", "--config", tmp_path / "swift.toml")
    running = await asyncio.to_thread(start, tmp_path, *line)
    try:
        async with Shop([OK, reply(b"half a moment"), OK]) as shop:
            first = running

            def die_of_the_confirmation() -> None:
                if shop.heard[-1].fields["status"] == "confirmed":
                    first.kill()

            shop.on_notice = die_of_the_confirmation
            asked = {"description": "socks", "ipn": f"{shop.url}/coins"}
            made = await asyncio.to_thread(call, running, 1, "generic/bitcoin/address", **asked)
            # Coins that one user sends to another go out to the network and come in again.
            await asyncio.to_thread(call, running, 0, "generic/bitcoin/send_simple", address=made["addr"], amount_int=10**8)
            await until(lambda: first.process.poll() is not None)
            shop.on_notice = lambda: None
            shop.arrived.clear()
            running = await asyncio.to_thread(start, tmp_path, *line)
            await asyncio.wait_for(shop.arrived.wait(), 60)
            assert [heard.fields["status"] for heard in shop.heard] == ["published", "confirmed", "confirmed"]
            assert shop.heard[1].body == shop.heard[2].body
            keys = running.ready["users"][1]["keys"]["mtgox"]
            assert all(heard.signed_by(keys["key"], keys["secret"]) for heard in shop.heard)
            fields = shop.heard[1].fields
            assert (fields["address"], fields["description"], fields["amount_int"]) == (made["addr"], "socks", "100000000")
            seen = await asyncio.to_thread(call, running, 1, "generic/bitcoin/block_list_tx", hash=fields["blockid"])
            assert fields["txid"] in seen["tx"]
            again = await asyncio.to_thread(call, running, 1, "generic/bitcoin/address", **asked)
            assert again["addr"] != made["addr"], "the first one was used"
    finally:
        if running.process.poll() is None:
            running.kill()


class EngineCommands:
    """The thinnest way into a core: what the merchant service asks of the command port."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def note(self, meta: Meta) -> Done[None]:
        return Done(self._world.engine.note(self._world.time, meta.encode()), None)

    async def transfer(
        self, transfer_id: int, source: int, destination: int, asset: int, kind: int, amount: int, *, meta: Meta
    ) -> Done[None]:
        world = self._world
        return Done(world.engine.transfer(world.time, transfer_id, source, destination, asset, kind, 0, amount, meta.encode()), None)

    async def place(
        self, account: int, market: int, side: int, type: int, tif: int, price: int, amount: int, *, client_id: int, meta: Meta
    ) -> Done[None]:
        world = self._world
        outcome = world.engine.place_order(
            world.time, account, market, side, type, tif, 0, 0, price, amount, client_id=client_id, meta=meta.encode()
        )
        return Done(outcome, None)


async def one_address(_account: int, _asset: int) -> str:
    return "1address"


class World:
    """A core, its events since the beginning, and a service that can be thrown away and made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = _core.Engine()
        self.events: list[object] = []
        self.time = 1_000
        for _ in range(2):
            self.engine.open_account(self.time)
        self.engine.create_asset(self.time, "BTC", 16, 8)
        self.engine.transfer(self.time, 1, 0, 16, 0, 1, 0, 10**18)
        self.commands = EngineCommands(self)
        self.now = Immediate(self.commands)
        self.service = self.reopened()

    def reopened(self) -> Any:
        """The service anew, its calls done at once."""
        service = MerchantService(
            MerchantView(self.folder / "merchant.sqlite"),
            cast("Commands", self.commands),
            self.engine,
            one_address,
            lambda label, length: hashlib.shake_256(label.encode()).digest(length),
            lambda: self.time,
            lifetime=HOUR,
        )
        service.apply(self.events)
        return Immediate(service)

    def publish(self, upto: int | None = None) -> None:
        """Everything applied becomes durable; the service hears of the first `upto` events only, as before a crash."""
        fresh = _core.decode_events(self.engine.take_events())
        self.events += fresh
        self.service.apply(fresh[:upto] if upto is not None else fresh)

    def order(self, terms: Terms = Terms()) -> str:  # noqa: B008 - frozen
        words = OrderTexts("socks", "https://a-shop.net/", "https://a-shop.net/", "https://a-shop.net/ipn", "7")
        made: str = self.service.create(17, 0, 5 * 10**16, "key", words, terms=terms, meta=Meta)
        assert len(made) == 32
        self.publish()
        return made


def delivered(service: Any, order: str) -> list[str]:
    return [status for status, *_ in service.view.notices(order)]


def test_the_view_is_the_same_however_often_it_is_folded(tmp_path: Path) -> None:
    world = World(tmp_path)
    order = world.order()
    known = world.service.order(order)
    assert known is not None
    assert known.amount == 5 * 10**16
    outcome = world.service.pay(known, 16, part="x")
    assert not isinstance(outcome, str)
    assert outcome.code == 0
    world.publish()
    world.service.apply(world.events)
    world.service.close()
    world.service = world.reopened()
    assert delivered(world.service, order) == ["paid"]
    world.service.close()
    for file in tmp_path.iterdir():
        file.unlink()
    world.service = world.reopened()
    again = world.service.order(order)
    assert again is not None
    assert again.state == PaymentState.PAID
    assert delivered(world.service, order) == ["paid"]
    world.service.acknowledge(order, 0)
    world.publish()
    assert world.service.view.due(1 << 62, 10) == []
    world.service.close()


def test_a_crash_between_the_two_steps_of_a_payment_is_mended(tmp_path: Path) -> None:
    world = World(tmp_path)
    order = world.order()
    meta = Meta(memo={"merchant": order, "step": "pay"})
    assert world.now.transfer(payment_id(order), 16, _core.MERCHANTS, 0, 5, 5 * 10**16, meta=meta).code == 0
    world.publish()
    assert world.engine.balance(17, 0) == (0, 0)
    world.service.close()
    world.service = world.reopened()
    for _ in range(3):
        world.service.run_due(world.time)
        world.publish()
    assert world.engine.balance(17, 0) == (5 * 10**16, 0)
    assert world.engine.balance(_core.MERCHANTS, 0) == (0, 0)
    assert delivered(world.service, order) == ["paid"]
    world.service.close()


def test_killed_after_any_event_the_view_comes_to_the_same(tmp_path: Path) -> None:
    for cut in range(9):
        folder = tmp_path / str(cut)
        folder.mkdir()
        world = World(folder)
        order = world.order()
        known = world.service.order(order)
        assert known is not None
        world.service.pay(known, 16, part="x")
        world.publish(upto=cut)
        world.service.close()
        world.service = world.reopened()
        assert delivered(world.service, order) == ["paid"], cut
        assert [payment.valid for payment in world.service.payments(order)] == [True]
        world.service.close()


def test_what_is_to_be_done_next_is_known_whatever_changes(tmp_path: Path) -> None:
    world = World(tmp_path)
    view = world.service.view
    never = view.quiet_until()
    assert never > 10**18
    order = world.order()
    assert view.quiet_until() == world.time + HOUR
    world.service.flush()
    assert view.quiet_until() == world.time + HOUR
    known = world.service.order(order)
    assert known is not None
    world.service.pay(known, 16, part="x")
    world.publish()
    assert view.quiet_until() == world.time, "a notice is to be sent"
    assert len(view.due(world.time, 10)) == 1
    view.tried(view.due(world.time, 10)[0], world.time + 500, "status 500")
    assert view.quiet_until() == world.time + 500
    world.service.acknowledge(order, 0)
    world.publish()
    assert view.quiet_until() == never
    later = world.order()
    world.time += HOUR
    world.service.run_due(world.time)
    world.publish()
    assert world.service.order(later).state == PaymentState.CLOSED
    world.service.close()


def test_a_gap_is_a_bug(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.order()
    world.now.note(Meta())
    world.engine.take_events()
    world.now.note(Meta())
    with pytest.raises(ValueError, match="next came"):
        world.publish()
    world.service.close()


def coins(world: World, step: str) -> None:
    """One step of a deposit as the wallet makes it."""
    memo = {"address": "1address", "txid": "feed", "output": 0}
    meta = Meta(memo={**memo, "block": "b10c"} if step == "at once" else memo if step == "seen" else {"block": "b10c"})
    if step == "credited":
        assert world.engine.post_transfer(world.time, 77, meta.encode()).code == 0
    elif step == "gone":
        assert world.engine.void_transfer(world.time, 77, b"").code == 0
    else:
        assert world.engine.transfer(world.time, 77, 0, 17, 0, TransferKind.DEPOSIT, int(step == "seen"), 10**16, meta.encode()).code == 0
    world.publish()


LABEL = Label("socks", "https://a-shop.net/coins", "key")


@pytest.mark.parametrize("steps", [("seen", "credited"), ("at once",)])
def test_coins_make_one_notice_however_often_they_are_folded(tmp_path: Path, steps: tuple[str, ...]) -> None:
    world = World(tmp_path)
    assert world.service.labelled_address(17, 0, LABEL, lambda _: False) == "1address"
    world.publish()
    subject = f"{77:032x}"
    for step in steps:
        assert "arrived" not in delivered(world.service, subject)
        coins(world, step)
        world.service.close()
        world.service = world.reopened()
    assert [notice.status for notice in world.service.view.due(1 << 62, 10)] == ["arrived"]
    arrival = world.service.arrival(subject)
    world.service.close()
    for file in tmp_path.iterdir():
        file.unlink()
    world.service = world.reopened()
    assert [notice.status for notice in world.service.view.due(1 << 62, 10)] == ["arrived"]
    assert arrival is not None
    assert world.service.arrival(subject) == arrival
    assert (arrival.txid, arrival.block, arrival.amount, arrival.credited, arrival.label) == ("feed", "b10c", 10**16, 1_000, LABEL)
    world.service.acknowledge(subject, 0)
    world.publish()
    world.service.close()
    for file in tmp_path.iterdir():
        file.unlink()
    world.service = world.reopened()
    assert world.service.view.due(1 << 62, 10) == [], "what was acknowledged is not told again, also by a file made anew"
    world.service.close()


def test_coins_that_are_gone_make_no_notice(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.service.labelled_address(17, 0, LABEL, lambda _: False)
    world.publish()
    coins(world, "seen")
    assert [notice.status for notice in world.service.view.due(1 << 62, 10)] == ["seen"]
    coins(world, "gone")
    assert world.service.view.due(1 << 62, 10) == []
    assert world.service.arrival(f"{77:032x}") is None
    world.service.close()


def test_labels_of_older_journals_want_no_notice(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.now.note(Meta(memo={"merchant_label": [17, 0, "socks", "1address"]}))
    world.publish()
    assert world.service.view.labelled(17, 0, Label("socks")) == "1address"
    coins(world, "at once")
    assert world.service.view.due(1 << 62, 10) == []
    world.service.close()


def test_several_payments_are_all_folded_and_half_done_ones_mended(tmp_path: Path) -> None:
    world = World(tmp_path)
    order = world.order(Terms(repeated=True))
    known = world.service.order(order)
    assert known is not None
    for part in ("a", "b", "b"):
        world.service.pay(known, 16, part=part)
    meta = Meta(memo={"merchant": order, "step": "pay", "part": "c"})
    assert world.now.transfer(payment_id(order, "pay", "c"), 16, _core.MERCHANTS, 0, 5, 5 * 10**16, meta=meta).code == 0
    world.publish()
    world.service.close()
    for file in tmp_path.iterdir():
        file.unlink()
    world.service = world.reopened()
    assert [payment.valid for payment in world.service.payments(order)].count(True) == 2
    for _ in range(3):
        world.service.run_due(world.time)
        world.publish()
    assert [payment.valid for payment in world.service.payments(order)] == [True] * 3
    assert world.engine.balance(17, 0) == (15 * 10**16, 0)
    assert delivered(world.service, order) == ["paid"] * 3
    world.service.close()


@pytest.mark.parametrize("cut", range(6))
def test_what_is_to_be_sold_is_sold_once_wherever_the_process_dies(tmp_path: Path, cut: int) -> None:
    world = World(tmp_path)
    world.engine.create_asset(world.time, "USD", 16, 8)
    world.engine.create_market(world.time, 0, 1, 2, 8, 1, 1, 10**9, 1, 10**12, 0, 0, 0)
    order = world.order(Terms(sell_in=MarketId(0)))
    known = world.service.order(order)
    assert known is not None
    world.service.pay(known, 16, part="x")
    world.publish()
    world.service.run_due(world.time)
    world.publish(upto=cut)
    world.service.close()
    world.service = world.reopened()
    for _ in range(3):
        world.service.run_due(world.time)
        world.publish()
    placed = [event for event in world.events if isinstance(event, _core.OrderAccepted)]
    assert [(event.account, event.amount) for event in placed] == [(17, 5 * 10**8)]
    assert world.service.view.unsold() == []
    world.service.close()


def test_orders_of_older_journals_are_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    old = [1, "ab" * 16, 17, 0, "5", "key", "socks", "https://a-shop.net/", "https://a-shop.net/", "", "", True, 2_000]
    world.now.note(Meta(memo={"merchant_order": old}))
    world.publish()
    order = world.service.order("ab" * 16)
    assert order is not None
    assert (order.terms, order.expires) == (Terms(only_accounts=True), 2_000)
    world.service.close()
