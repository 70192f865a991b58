"""One order in every dialect: what is shown of it is what the dialect itself says when the order is placed and asked for through it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from cambist import _core
from cambist.api_types.renderings import OrderRendering, OrderRenderings
from cambist.app import dialects
from cambist.dialects.btse.ids import ORDER_IDS
from cambist.dialects.mtgox import ids as mtgox_ids
from cambist.domain.orders import OrderType, Side, TimeInForce
from tests.dialects.every_dialect import EveryDialect, Owner, listening
from tests.support.floor import SECOND

V1 = "/cambist/v1"
BTC_USD = 0
VERSIONS = [
    ("BTC-e", ""),
    ("WEX", ""),
    ("Expie", ""),
    ("Mt.Gox", "v1"),
    ("Mt.Gox", "v2"),
    ("BTSE", "v2.1"),
    ("BTSE", "v3.2"),
    ("BTSE", "v3.3"),
    ("BTSE", "v4"),
    ("Cambist", ""),
]


@dataclass(frozen=True)
class Terms:
    """An order in words of no API; numbers as texts, empty for what it does not have."""

    side: str = "sell"
    kind: str = "limit"
    amount: str = "0.4"
    price: str = "1100"
    funds: str = ""
    stop: str = ""
    profit: bool = False
    force: str = ""
    post_only: bool = False
    tag: str = ""

    @property
    def is_market(self) -> bool:
        return self.kind == "market"


@dataclass(frozen=True)
class Situation:
    """An order, what stands in the book when it comes, and what happens then: amounts that others take of it, `cancel`, `trigger`."""

    terms: Terms
    book: tuple[tuple[str, str, str], ...] = ()
    then: tuple[str, ...] = ()
    beyond: frozenset[str] = field(default_factory=frozenset)
    """The versions, or APIs, that cannot place it."""


PLAIN = frozenset({"BTC-e", "WEX", "Expie", "Mt.Gox"})
BIDS = (("buy", "990", "0.1"), ("buy", "980", "0.2"))
DEEP = (*BIDS, ("buy", "970", "5"))
ASKS = (("sell", "1010", "0.1"), ("sell", "1020", "5"))
SITUATIONS = {
    "rests": Situation(Terms()),
    "rests to buy": Situation(Terms(side="buy", price="900")),
    "partly filled": Situation(Terms(), then=("0.1",)),
    "filled in two trades": Situation(Terms(), then=("0.1", "0.3")),
    "filled at once": Situation(Terms(price="950"), book=DEEP),
    "filled at once in part, the rest rests": Situation(Terms(price="980"), book=BIDS),
    "filled at once in part, then wholly": Situation(Terms(price="980"), book=BIDS, then=("0.1",)),
    "cancelled": Situation(Terms(), then=("cancel",)),
    "cancelled when partly filled": Situation(Terms(), then=("0.1", "cancel")),
    "replaced while it rests": Situation(Terms(), then=("price 1200",)),
    "replaced twice, then cancelled": Situation(Terms(), then=("price 1200", "amount 0.3", "cancel")),
    "replaced when partly filled, then filled": Situation(Terms(), then=("0.1", "amount 0.3", "0.2")),
    "replaced so that it trades at once": Situation(Terms(), book=DEEP, then=("price 985",)),
    "stop replaced while it waits, then triggered": Situation(
        Terms(price="995", stop="985"), book=DEEP, then=("amount 0.3", "trigger"), beyond=PLAIN
    ),
    "market sale": Situation(Terms(kind="market", price=""), book=DEEP),
    "market sale beyond the book": Situation(Terms(kind="market", price=""), book=BIDS),
    "market purchase by amount": Situation(Terms(side="buy", kind="market", price=""), book=ASKS, beyond=frozenset({"Expie", "v4"})),
    "market purchase by money": Situation(
        Terms(side="buy", kind="market", price="", amount="", funds="300"), book=ASKS, beyond=frozenset({"BTC-e", "WEX", "Mt.Gox"})
    ),
    "stop waits": Situation(Terms(price="900", stop="950"), beyond=PLAIN),
    "stop cancelled while it waits": Situation(Terms(price="900", stop="950"), then=("cancel",), beyond=PLAIN),
    "stop at market, triggered": Situation(Terms(kind="market", price="", stop="985"), book=DEEP, then=("trigger",), beyond=PLAIN),
    "stop at a limit, triggered, rests": Situation(Terms(price="995", stop="985"), book=DEEP, then=("trigger",), beyond=PLAIN),
    "takes a profit": Situation(Terms(price="1200", stop="1150", profit=True), beyond=PLAIN),
    "immediate or cancel": Situation(Terms(price="985", force="ioc"), book=BIDS, beyond=PLAIN),
    "fill or kill": Situation(Terms(price="950", force="fok"), book=DEEP, beyond=PLAIN),
    "post-only": Situation(Terms(post_only=True), beyond=PLAIN),
    "client order id": Situation(Terms(tag="my-order-7"), then=("0.1",)),
}


# --- how each API is asked for such an order, by hand -------------------------------------------------------------------------------
def wire(api: str, version: str, terms: Terms) -> tuple[str, str]:
    """(path, body) of the request."""
    if api in ("BTC-e", "WEX"):
        more = {"mode": "market"} if terms.is_market else {"rate": terms.price}
        fields = {"pair": "btc_usd", "type": terms.side, "amount": terms.amount, **more}
        return "/tapi", "method=Trade&nonce=<nonce>&" + urlencode(fields)
    if api == "Mt.Gox":
        fields = {"type": "bid" if terms.side == "buy" else "ask", "amount_int": scaled(terms.amount, 8)}
        fields |= {} if terms.is_market else {"price_int": scaled(terms.price, 5)}
        path = "/api/1/BTCUSD/private/order/add" if version == "v1" else "/api/2/BTCUSD/money/order/add"
        return path, "nonce=<nonce>&" + urlencode(fields)
    if api == "Expie":
        numbers = {"amount": terms.funds or terms.amount} | ({} if terms.is_market else {"price": terms.price})
        return "/v1/markets/BTCUSD/orders", text({"side": 2 if terms.side == "buy" else 1, **numbers})
    if api == "Cambist":
        return f"{V1}/orders", text(native_fields(terms))
    return btse_wire(version, terms)


def scaled(decimal: str, digits: int) -> str:
    whole, _, fraction = decimal.partition(".")
    return str(int(whole + fraction.ljust(digits, "0")))


def text(fields: dict[str, Any]) -> str:
    """JSON without blanks and without what is empty."""
    return msgspec.json.encode({name: value for name, value in fields.items() if value not in ("", False)}).decode()


def native_fields(terms: Terms) -> dict[str, Any]:
    stop = f"{'take-profit' if terms.profit else 'stop'}-{terms.kind}"
    return {
        "market": "btc_usd",
        "side": terms.side,
        "type": stop if terms.stop else terms.kind,
        "price": terms.price,
        "amount": terms.amount,
        "funds": terms.funds,
        "stop_price": terms.stop,
        "time_in_force": terms.force,
        "post_only": terms.post_only,
        "client_order_id": terms.tag,
    }


def btse_wire(version: str, terms: Terms) -> tuple[str, str]:
    def number(decimal: str) -> Any:
        return msgspec.Raw(decimal.encode()) if decimal else ""

    side, kind = terms.side.upper(), terms.kind.upper()
    force = "" if terms.is_market else terms.force.upper() or "GTC"
    if version == "v2.1":
        fields = {"symbol": "BTC-USD", "side": side, "type": kind, "price": number(terms.price), "funds": number(terms.funds)}
        fields |= {"amount": number(terms.amount), "stop_price": number(terms.stop), "stop": "ENTRY" if terms.profit else ""}
        return "/spot/v2/order", text(fields | {"time_in_force": force, "post_only": terms.post_only, "tag": terms.tag})
    if version == "v4":
        condition = ("TAKE_PROFIT" if terms.profit else "STOP_LOSS") + ("" if terms.is_market else "_LIMIT")
        stop = {"orderType": "CONDITIONAL", "triggerOrderType": condition, "triggerPrice": terms.stop}
        fields = {"symbol": "BTC-USD", "orderSide": side, **(stop if terms.stop else {"orderType": kind}), "orderPrice": terms.price}
        fields |= {"quoteOrderSize": terms.funds, "orderSize": terms.amount, "timeInForce": force}
        path = f"/spot/api/v4/trade/orders{'/algo' if terms.stop else ''}"
        return path, text(fields | {"postOnly": terms.post_only, "clOrderId": terms.tag})
    fields = {"symbol": "BTC-USD", "side": side, "type": kind, "txType": ("TRIGGER" if terms.profit else "STOP") if terms.stop else ""}
    fields |= {"price": number(terms.price or terms.funds), "size": number(terms.amount), "triggerPrice": number(terms.stop)}
    return f"/spot/api/{version}/order", text(fields | {"time_in_force": force, "postOnly": terms.post_only, "clOrderID": terms.tag})


async def place(owner: Owner, api: str, version: str, terms: Terms) -> tuple[str, str, str]:
    """(path, body, reply) of an order that is placed through that API."""
    path, body = wire(api, version, terms)
    if api in ("BTC-e", "WEX", "Mt.Gox"):
        reply = await owner.form(path, body)
    elif api == "BTSE":
        reply = await owner.btse("POST", path, body)
    else:
        reply = await (owner.expie("POST", path, body) if api == "Expie" else owner.native("POST", path, body))
    assert reply.status in (200, 201), reply.content
    assert b"error" not in reply.content, reply.content
    return path, body, reply.content.decode()


async def answer(owner: Owner, api: str, source: str, order: int, side: str) -> str:
    """What the call of a row answers when it is asked for that order."""
    method, _, path = source.partition(" ")
    if api in ("BTC-e", "WEX"):
        path, _, name = path.partition(" method=")
        about = f"&order_id={order + 1_000_000}" if name == "OrderInfo" else ""
        reply = await owner.form(path, f"method={name}&nonce=<nonce>{about}")
    elif api == "Mt.Gox":
        oid = mtgox_ids.make(mtgox_ids.ORDER, order)
        about = f"&type={'bid' if side == 'buy' else 'ask'}&order={oid}" if path.endswith("order/result") else ""
        reply = await owner.form(path, f"nonce=<nonce>{about}")
    elif api == "BTSE":
        named = {"/order": f"orderID={ORDER_IDS.text(order)}", "v4/trade/trade_history": "symbol=BTC-USD"}
        query = next((query for end, query in named.items() if path.endswith(end)), "")
        reply = await owner.btse(method, path, "{}" if method == "POST" else "", query)
    else:
        reply = await (owner.expie(method, path) if api == "Expie" else owner.native(method, path))
    assert reply.status == 200, reply.content
    return reply.content.decode()


# --- the floor --------------------------------------------------------------------------------------------------------------------------
@dataclass
class Scene:
    """A market whose last price is 1000, an owner, and others who trade with them."""

    floor: EveryDialect
    owner: Owner
    other: Owner
    step: int = SECOND
    """µs between two things that happen."""

    def other_places(self, side: str, price: str, amount: str) -> None:
        self.floor.clock.now += self.step
        units = _core.parse_units
        outcome = self.floor.immediate.place(
            self.other.account,
            BTC_USD,
            Side.BUY if side == "buy" else Side.SELL,
            OrderType.LIMIT,
            TimeInForce.GTC,
            units(price, 3),
            units(amount, 8),
        )
        assert outcome.code == 0

    def happens(self, what: str, terms: Terms, order: int) -> None:
        """Of the owner's order: it is cancelled, triggered or replaced ("price 1200"), or somebody takes so much of it."""
        word, _, number = what.partition(" ")
        if what == "cancel":
            self.floor.clock.now += self.step
            assert self.floor.immediate.cancel(self.owner.account, order).code == 0
        elif number:
            self.floor.clock.now += self.step
            assert (
                self.floor.immediate.replace(
                    self.owner.account, order, **{word: _core.parse_units(number, 3 if word == "price" else 8)}
                ).code
                == 0
            )
        elif what == "trigger":  # 0.1 at 990 and then 0.2 at 980
            self.other_places("sell", "980", "0.15")
        else:
            self.other_places("buy" if terms.side == "sell" else "sell", terms.price, what)

    async def renderings(self, order: int) -> OrderRenderings:
        reply = await self.owner.native("GET", f"{V1}/orders/{order}/renderings")
        assert reply.status == 200, reply.content
        return msgspec.json.decode(reply.content, type=OrderRenderings)

    async def rendering(self, order: int, api: str, version: str) -> OrderRendering:
        (found,) = [one for one in (await self.renderings(order)).renderings if (one.api, one.version) == (api, version)]
        return found


@pytest.fixture
async def scene(folder: Path) -> AsyncIterator[Scene]:
    floor = EveryDialect(folder)
    await floor.server.start()
    made = Scene(floor, floor.owner("alice", BTC="100", USD="100000"), floor.owner("bob", BTC="100", USD="100000"))
    first = floor.owner("carol", BTC="100")
    price = _core.parse_units("1000", 3)
    floor.immediate.place(first.account, BTC_USD, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, price, 10**6)
    made.other_places("buy", "1000", "0.01")
    yield made
    await floor.server.stop(0)
    floor.close()


async def bring_about(scene: Scene, api: str, version: str, situation: Situation) -> tuple[int, tuple[str, str, str] | None]:
    """The order's number, and how it was placed through that API; None when it had to be placed through the native one."""
    for side, price, amount in situation.book:
        scene.other_places(side, price, amount)
    scene.floor.clock.now += scene.step
    sent = None
    if {api, version} & situation.beyond:
        await place(scene.owner, "Cambist", "", situation.terms)
    else:
        sent = await place(scene.owner, api, version, situation.terms)
    order = scene.floor.engine.next_order_id - 1
    await scene.floor.settled()
    for what in situation.then:
        scene.happens(what, situation.terms, order)
        await scene.floor.settled()
    return order, sent


CASES = [pytest.param(api, version, name, id=f"{api}{version}-{name}") for api, version in VERSIONS for name in SITUATIONS]


@pytest.mark.parametrize(("api", "version", "name"), CASES)
async def test_what_is_shown_is_what_the_api_itself_says(scene: Scene, api: str, version: str, name: str) -> None:
    situation = SITUATIONS[name]
    order, sent = await bring_about(scene, api, version, situation)
    shown = await scene.rendering(order, api, version)
    if sent is None:
        assert shown.request is None
        assert shown.reply is None
        assert shown.inexpressible is not None
        assert shown.inexpressible.endswith(".")
    else:
        terms = situation.terms
        said = terms if api in ("BTSE", "Cambist") else Terms(**{**vars(terms), "tag": ""})
        assert shown.inexpressible is None
        assert shown.request is not None
        assert (shown.request.path, shown.request.body) == wire(api, version, said)
        assert shown.reply == sent[2]
    assert shown.rows
    for row in shown.rows:
        assert row.body == await answer(scene.owner, api, row.source, order, situation.terms.side), row.source


STREAMS = [("Expie", ""), ("Mt.Gox", "v2"), ("BTSE", "v2.1"), ("BTSE", "v3.2"), ("BTSE", "v3.3"), ("Cambist", "")]
"""Each private stream once: other versions have the same ones."""


@pytest.mark.parametrize(("api", "older", "newer"), [("Mt.Gox", "v1", "v2"), ("BTSE", "v3.3", "v4")])
async def test_versions_with_one_stream_show_the_same(scene: Scene, api: str, older: str, newer: str) -> None:
    order, _sent = await bring_about(scene, api, newer, SITUATIONS["filled in two trades"])
    shown = await scene.rendering(order, api, newer)
    assert shown.pushes
    assert shown.pushes == (await scene.rendering(order, api, older)).pushes


@pytest.mark.parametrize("step", [SECOND, 0], ids=["moving clock", "standing clock"])
@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize(("api", "version"), STREAMS)
async def test_what_is_pushed_is_what_a_client_heard(scene: Scene, api: str, version: str, name: str, step: int) -> None:
    scene.step = step
    situation = SITUATIONS[name]
    for side, price, amount in situation.book:
        scene.other_places(side, price, amount)
    bare = Situation(situation.terms, (), situation.then, situation.beyond)
    async with listening(scene.floor, scene.owner, api) as listener:
        order, _sent = await bring_about(scene, api, version, bare)
        heard = await listener.quiet()
    shown = (await scene.rendering(order, api, version)).pushes
    assert shown
    topics = dict.fromkeys(push.source for push in shown)
    for topic in topics:
        assert [push.body for push in shown if push.source == topic] == [message for message in heard if topic_of(api, message) == topic]
    others = {"BTSE": {"fills"}, "Cambist": {"fills"}, "Mt.Gox": {"trade"}, "Expie": set()}[api]
    for topic in others - topics.keys():
        assert not [message for message in heard if topic_of(api, message) == topic], topic


def topic_of(api: str, message: str) -> str:
    said = json.loads(message)
    if api == "Expie":
        return "order" if said.get("method") == "order.update" else ""
    if api == "Mt.Gox":
        return str(said.get("private", "")) if said.get("op") == "private" else ""
    return str(said.get("topic", ""))


# --- pairs and stops that follow the price ------------------------------------------------------------------------------------------
def v3_pair(version: str) -> tuple[str, str]:
    stop = '"triggerPrice":900,"stopPrice":890,"time_in_force":"GTC","clOrderID":"both"'
    return f"/spot/api/{version}/order", f'{{"symbol":"BTC-USD","side":"SELL","type":"OCO","price":1100,"size":0.4,{stop}}}'


PAIRS = {
    ("BTSE", "v3.2"): v3_pair("v3.2"),
    ("BTSE", "v3.3"): v3_pair("v3.3"),
    ("BTSE", "v4"): (
        "/spot/api/v4/trade/orders/algo",
        '{"symbol":"BTC-USD","orderSide":"SELL","orderType":"OCO","orderSize":"0.4","takeProfitOrderPrice":"1100",'
        '"stopLossTriggerPrice":"900","stopLossOrderPrice":"890","timeInForce":"GTC","clOrderId":"both"}',
    ),
    ("Cambist", ""): (
        f"{V1}/orders/pair",
        '{"market":"btc_usd","side":"sell","price":"1100","amount":"0.4","client_order_id":"both",'
        '"stop_price":"900","stop_limit_price":"890"}',
    ),
}


@pytest.mark.parametrize("then", [(), ("cancel",), ("0.1",)], ids=["rests", "cancelled", "partly filled"])
@pytest.mark.parametrize(("api", "version"), PAIRS)
async def test_both_orders_of_a_pair_show_the_request_that_placed_them(scene: Scene, api: str, version: str, then: tuple[str, ...]) -> None:
    path, body = PAIRS[api, version]
    reply = await (scene.owner.btse("POST", path, body) if api == "BTSE" else scene.owner.native("POST", path, body))
    assert reply.status in (200, 201), reply.content
    stop = scene.floor.engine.next_order_id - 1
    for what in then:
        scene.happens(what, Terms(), stop - 1)
    for order in (stop - 1, stop):
        shown = await scene.rendering(order, api, version)
        assert shown.request is not None
        assert (shown.request.path, shown.request.body) == (path, body)
        assert shown.reply == reply.content.decode()
        for row in shown.rows:
            if row.source.endswith((f"/{order}", "/order")):
                assert row.body == await answer(scene.owner, api, row.source, order, "sell")


@pytest.mark.parametrize(("api", "version"), [one for one in VERSIONS if one not in PAIRS])
async def test_an_api_without_pairs_says_so(scene: Scene, api: str, version: str) -> None:
    assert (await scene.owner.native("POST", *PAIRS["Cambist", ""])).status == 201
    shown = await scene.rendering(scene.floor.engine.next_order_id - 1, api, version)
    assert shown.request is None
    assert shown.inexpressible is not None
    assert "of which one cancels the other" in shown.inexpressible


def v3_trailing(version: str, trail: str) -> tuple[str, str]:
    return f"/spot/api/{version}/order", f'{{"symbol":"BTC-USD","side":"SELL","type":"MARKET","txType":"STOP","size":0.4,{trail}}}'


TRAILING = {
    ("BTSE", "v3.2"): v3_trailing("v3.2", '"trailValue":20,"trailValueType":"DISTANCE"'),
    ("BTSE", "v3.3"): v3_trailing("v3.3", '"trailValue":2.5,"trailValueType":"PERCENTAGE"'),
    ("BTSE", "v4"): (
        "/spot/api/v4/trade/orders/algo",
        '{"symbol":"BTC-USD","orderSide":"SELL","orderType":"TRAILING","orderSize":"0.4","trailValue":20,"trailValueType":"DISTANCE"}',
    ),
    ("Cambist", ""): (
        f"{V1}/orders",
        '{"market":"btc_usd","side":"sell","type":"trailing-stop-limit","price":"900","amount":"0.4","trail":"20"}',
    ),
}


@pytest.mark.parametrize(("api", "version"), TRAILING)
async def test_a_stop_that_follows_the_price_while_it_waits_and_afterwards(scene: Scene, api: str, version: str) -> None:
    path, body = TRAILING[api, version]
    reply = await (scene.owner.btse("POST", path, body) if api == "BTSE" else scene.owner.native("POST", path, body))
    assert reply.status in (200, 201), reply.content
    order = scene.floor.engine.next_order_id - 1
    shown = await scene.rendering(order, api, version)
    assert shown.request is not None
    assert (shown.request.path, shown.request.body) == (path, body)
    assert shown.reply == reply.content.decode()
    for row in shown.rows:
        assert row.body == await answer(scene.owner, api, row.source, order, "sell"), row.source
    scene.happens("cancel", Terms(), order)
    shown = await scene.rendering(order, api, version)
    assert shown.inexpressible == "How far a stop stays behind the price is known only while it waits."


# --- linked markets ---------------------------------------------------------------------------------------------------------------------
def link_euros(floor: EveryDialect) -> int:
    """A market of BTC in euros, linked with that in dollars; its number."""
    usd, btc, eur = (spec for code in ("USD", "BTC", "EUR") if (spec := floor.catalogue.assets.by_code(code)) is not None)
    limits = {"min_price": 100, "max_price": 10**8, "min_amount": 10**5, "max_amount": 10**14, "min_total": 0}
    made = floor.immediate.create_market(btc.id, eur.id, 3, 8, self_trade=1, maker_ppm=2_000, taker_ppm=2_000, **limits)
    assert made.code == 0
    assert floor.immediate.create_linked_group(btc.id, usd.id, 2_500, 0).code == 0
    for market in (BTC_USD, made.id):
        assert floor.immediate.link_market(0, market).code == 0
    assert floor.immediate.set_conversion_rates(0, [(eur.id, _core.parse_units("1.107", 12))]).code == 0
    for code in ("USD", "EUR"):
        floor.fund(_core.CONVERSION, code, "1000000")
    return int(made.id)


@pytest.mark.parametrize("takes", [True, False], ids=["takes from another currency", "is taken by another currency"])
@pytest.mark.parametrize(("api", "version"), [("BTC-e", ""), *STREAMS])
async def test_trades_between_two_currencies(scene: Scene, api: str, version: str, takes: bool) -> None:
    euros, other = link_euros(scene.floor), scene.floor.owner("dora", EUR="100000")
    units = _core.parse_units

    def bids(price: str) -> None:
        scene.floor.clock.now += scene.step
        bid = (euros, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, units(price, 3), units("0.1", 8))
        assert scene.floor.immediate.place(other.account, *bid).code == 0

    async def comes_about() -> tuple[int, tuple[str, str, str] | None]:
        if takes:
            bids("950")
        order, sent = await bring_about(scene, api, version, Situation(Terms(price="1000")))
        if not takes:
            bids("950")
        await scene.floor.settled()
        assert _core.format_units((await scene.floor.history.orders_by_id([order]))[0].filled, 8) == "0.1"
        return order, sent

    heard: list[str] = []
    if api == "BTC-e":
        order, sent = await comes_about()
    else:
        async with listening(scene.floor, scene.owner, api) as listener:
            order, sent = await comes_about()
            heard = await listener.quiet()
    shown = await scene.rendering(order, api, version)
    assert sent is not None
    assert shown.reply == sent[2]
    for row in shown.rows:
        assert row.body == await answer(scene.owner, api, row.source, order, "sell"), row.source
    for topic in {push.source for push in shown.pushes or []}:
        pushed = [push.body for push in shown.pushes or [] if push.source == topic]
        assert pushed == [message for message in heard if topic_of(api, message) == topic]


@pytest.mark.parametrize(("api", "version"), [("BTC-e", ""), ("WEX", "")])
async def test_an_api_without_a_private_stream_pushes_nothing(scene: Scene, api: str, version: str) -> None:
    order, _sent = await bring_about(scene, api, version, SITUATIONS["rests"])
    shown = await scene.rendering(order, api, version)
    assert shown.pushes is None
    assert shown.request is not None


async def test_every_dialect_of_the_program_has_a_part(scene: Scene) -> None:
    order, _sent = await bring_about(scene, "Cambist", "", SITUATIONS["rests"])
    assert [(one.api, one.version) for one in (await scene.renderings(order)).renderings] == [
        ("BTC-e", ""),
        ("WEX", ""),
        ("Expie", ""),
        ("Mt.Gox", "v1"),
        ("Mt.Gox", "v2"),
        ("BTSE", "v2.1"),
        ("BTSE", "v3.2"),
        ("BTSE", "v3.3"),
        ("BTSE", "v4"),
        ("Cambist", ""),
    ]
    assert {service.name for service in scene.floor.served} == {dialect.name for dialect in dialects.DIALECTS}


async def test_orders_of_others_and_of_nobody_are_not_found(scene: Scene) -> None:
    order, _sent = await bring_about(scene, "Cambist", "", SITUATIONS["rests"])
    for number in (str(order - 1), str(order + 1), "0", "x", "-1", "9" * 40):
        reply = await scene.owner.native("GET", f"{V1}/orders/{number}/renderings")
        assert reply.status == 404, reply.content
    reply = await scene.other.native("GET", f"{V1}/orders/{order}/renderings")
    assert reply.status == 404
    assert b"alice" not in reply.content


async def test_nothing_secret_is_shown(scene: Scene) -> None:
    order, _sent = await bring_about(scene, "BTSE", "v4", SITUATIONS["client order id"])
    shown = msgspec.json.encode(await scene.renderings(order)).decode()
    for key in scene.owner.keys.values():
        assert key.key not in shown
        assert key.secret not in shown


async def test_of_an_order_with_very_many_trades_the_first_are_shown(scene: Scene) -> None:
    order, _sent = await bring_about(scene, "Cambist", "", Situation(Terms(amount="1"), then=("0.01",) * 30))
    shown = await scene.renderings(order)
    assert shown.more_trades == 10
    (native,) = [one for one in shown.renderings if one.api == "Cambist"]
    assert native.pushes is not None
    assert len([push for push in native.pushes if push.source == "fills"]) == 20


async def test_an_order_that_was_changed_is_shown_as_it_was_placed(scene: Scene) -> None:
    order, _sent = await bring_about(scene, "Cambist", "", SITUATIONS["rests"])
    assert not (await scene.renderings(order)).changed
    scene.floor.clock.now += SECOND
    reply = await scene.owner.native("PATCH", f"{V1}/orders/{order}", '{"price":"1200"}')
    assert reply.status == 200, reply.content
    shown = await scene.renderings(order)
    assert not shown.changed
    native = next(one for one in shown.renderings if one.api == "Cambist")
    assert native.request is not None
    assert json.loads(native.request.body)["price"] == "1100"
    assert [json.loads(row.body)["price"] for row in native.rows if row.source.endswith(f"/orders/{order}")] == ["1200"]
