"""What everybody may see, in the types that the documents show."""

import json
from typing import Any

import msgspec
import pytest

from cambist.api_types import markets as api
from cambist.api_types.values import Page
from cambist.domain.orders import OrderType, Side, TimeInForce
from tests.dialects.native.floor import BASE, Floor, Trader, problem_of

BTC_USD = 0


async def trade(floor: Floor, maker: Trader, taker: Trader, prices: tuple[int, ...] = (1_000_000, 1_001_500)) -> None:
    """Sales of 0.5 and purchases of 0.2 at each of the prices, and a bid below."""
    for price in prices:
        sold = await floor.commands.place(
            maker.account, floor.catalogue.markets.by_id[0].id, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, price, 50_000_000
        )
        assert sold.outcome.code == 0
        bought = await floor.commands.place(
            taker.account, floor.catalogue.markets.by_id[0].id, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, price, 20_000_000
        )
        assert bought.outcome.code == 0
    await floor.commands.place(
        taker.account, floor.catalogue.markets.by_id[0].id, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, 900_000, 10_000_000
    )
    floor.sequencer.drain()


async def typed(floor: Floor, path: str, kind: Any) -> Any:
    """The answer, decoded strictly as the documented type, whose fields must all be there."""
    decoded = await floor.public(path)
    value = msgspec.convert(decoded, kind)
    assert json.loads(msgspec.json.encode(value)) == decoded
    return value


async def test_assets_and_markets_are_listed_with_their_limits(floor: Floor) -> None:
    assets = await typed(floor, "/assets", list[api.Asset])
    assert [each.code for each in assets] == ["USD", "BTC", "LTC", "ETH", "EUR"]
    by_code = {each.code: each.network for each in assets}
    assert by_code["USD"] is None, "no coin network carries dollars"
    assert by_code["BTC"] is not None
    assert (by_code["BTC"].confirmations, by_code["BTC"].withdrawal_fee) == (3, "0")
    market, *others = await typed(floor, "/markets", list[api.Market])
    assert [each.name for each in others] == ["ltc_usd", "ltc_btc", "eur_usd"]
    assert market == await typed(floor, "/markets/btc_usd", api.Market)
    assert (market.base, market.quote, market.status, market.price_decimals) == ("BTC", "USD", "open", 3)
    assert (market.min_price, market.max_amount, market.taker_fee_ppm) == ("0.1", "1000000", 2000)


async def test_a_book_shows_its_best_levels_and_its_sequence(floor: Floor, alice: Trader, bob: Trader) -> None:
    empty = await typed(floor, "/markets/btc_usd/book", api.Book)
    assert (empty.bids, empty.asks) == ([], [])
    await trade(floor, alice, bob)
    book = await typed(floor, "/markets/btc_usd/book", api.Book)
    assert book.bids == [("900", "0.1")]
    assert book.asks == [("1000", "0.1"), ("1001.5", "0.5")]
    assert book.sequence > empty.sequence
    merged = await typed(floor, "/markets/btc_usd/book?step=1000000", api.Book)
    assert (merged.bids, merged.asks) == ([("0", "0.1")], [("1000", "0.1"), ("2000", "0.5")])
    assert (await typed(floor, "/markets/btc_usd/book?step=1000000&depth=1", api.Book)).asks == merged.asks[:1]


async def test_trades_candles_and_tickers_agree(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, alice, bob)
    trades = await typed(floor, "/markets/btc_usd/trades", list[api.Trade])
    assert len(trades) >= 2
    newest = trades[0]
    assert (newest.side, int(trades[-1].id) < int(newest.id)) == ("buy", True)
    assert await typed(floor, f"/markets/btc_usd/trades?after={trades[-1].id}", list[api.Trade]) == trades[:-1]
    ticker = await typed(floor, "/markets/btc_usd/ticker", api.Ticker)
    assert [ticker, *(await typed(floor, "/tickers", list[api.Ticker]))[1:]] == await typed(floor, "/tickers", list[api.Ticker])
    assert (ticker.last, ticker.last_amount, ticker.open, ticker.bid) == (newest.price, newest.amount, trades[-1].price, "900")
    (candle,) = await typed(floor, "/markets/btc_usd/candles?interval=60", list[api.Candle])
    assert (candle.open, candle.close, candle.amount, candle.trades) == (ticker.open, ticker.last, ticker.amount, len(trades))
    assert candle.total == ticker.total


async def test_every_trade_comes_once_over_pages(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, alice, bob, tuple(1_000_000 + 1_000 * number for number in range(7)))
    await floor.history.reached(floor.engine.seq)
    whole = await typed(floor, "/markets/btc_usd/trades?limit=500", list[api.Trade])
    rows, cursor = [], ""
    while True:
        page = await typed(floor, f"/markets/btc_usd/trades/history?limit=3{cursor}", Page[api.Trade])
        rows += page.rows
        if page.next is None:
            break
        cursor = f"&cursor={page.next}"
    assert rows == whole


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/markets/btc_eur", 404, "market-unknown"),
        ("/markets/BTC_USD/book", 404, "market-unknown"),
        ("/markets/btc_usd/book?depth=0", 400, "request-invalid"),
        ("/markets/btc_usd/book?depth=many", 400, "request-invalid"),
        ("/markets/btc_usd/book?depth=5&depth=6", 400, "request-invalid"),
        ("/markets/btc_usd/book?levels=5", 400, "request-invalid"),
        ("/markets/btc_usd/book?depth", 400, "request-invalid"),
        ("/markets/btc_usd/book?%ff=1", 400, "request-invalid"),
        ("/markets/btc_usd/trades?after=-1", 400, "request-invalid"),
        ("/markets/btc_usd/candles?interval=61", 422, "interval-invalid"),
        ("/markets/btc_usd/ticker?x=1", 400, "request-invalid"),
        ("/markets/btc_usd/nothing", 404, "not-found"),
        ("/nothing", 404, "not-found"),
    ],
)
async def test_what_is_not_there_or_cannot_be_read(floor: Floor, path: str, status: int, code: str) -> None:
    path, _, query = path.partition("?")
    assert problem_of(await floor.send("GET", BASE + path, query=query.encode())) == (status, code)


async def test_a_wrong_field_is_named(floor: Floor) -> None:
    said = json.loads((await floor.send("GET", f"{BASE}/markets/btc_usd/book", query=b"depth=9000")).content)
    assert said["field"] == "depth"
    assert "5000" in said["detail"]


async def test_another_method_says_which_there_are(floor: Floor) -> None:
    reply = await floor.send("DELETE", f"{BASE}/markets/btc_usd/book")
    assert problem_of(reply) == (405, "method-not-allowed")
    assert dict(reply.headers)[b"allow"] == b"GET, HEAD"
