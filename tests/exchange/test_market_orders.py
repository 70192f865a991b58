"""What a market order would cost on a standing book, and why it would be refused whole."""

import pytest

from cambist import _core
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, MarketId
from cambist.exchange.market_orders import MarketFill, market_fill, uncovered_rejection

UNIT = 10**8
MAKER, TAKER = _core.FIRST_USER_ACCOUNT, AccountId(_core.FIRST_USER_ACCOUNT + 1)
ASKS = [(2000 + level, UNIT) for level in range(40)]
BIDS = [(1000 - level, UNIT) for level in range(40)]


@pytest.fixture
def engine() -> _core.Engine:
    """40 asks and 40 bids of one coin each, at whole prices; the taker has 10 coins and 100,000 of the money."""
    engine = _core.Engine()
    time = iter(range(1, 10_000))
    for code in ("USD", "BTC"):
        assert engine.create_asset(next(time), code, 16, 8, b"").code == 0
    limits = (1, 10**9, UNIT // 1000, 1000 * UNIT, 0)
    assert engine.create_market(next(time), 1, 0, 0, 8, 1, *limits, 0, 0, b"").code == 0
    for account, usd, btc in ((MAKER, 10**6, 100), (TAKER, 10**5, 10)):
        assert engine.open_account(next(time), b"").code == 0
        for asset, whole in ((0, usd), (1, btc)):
            done = engine.transfer(
                next(time), 100 + 2 * account + asset, _core.WORLD, account, asset, TransferKind.DEPOSIT, 0, whole * 10**16, b""
            )
            assert done.code == 0
    for side, levels in ((Side.SELL, ASKS), (Side.BUY, BIDS)):
        for price, amount in levels:
            assert engine.place_order(next(time), MAKER, 0, side, 0, 0, 0, 0, price, amount, 0, 0, 0, 0, b"").code == 0
    return engine


@pytest.mark.parametrize(
    ("side", "amount", "fill"),
    [
        (Side.BUY, UNIT // 2, (UNIT // 2, 2000 * UNIT // 2)),
        (Side.BUY, UNIT, (UNIT, 2000 * UNIT)),
        (Side.BUY, 3 * UNIT // 2, (3 * UNIT // 2, 2000 * UNIT + 2001 * UNIT // 2)),
        # More levels than are looked at first.
        (Side.BUY, 30 * UNIT, (30 * UNIT, sum(price for price, _ in ASKS[:30]) * UNIT)),
        (Side.SELL, 2 * UNIT, (2 * UNIT, 1999 * UNIT)),
        # More than is offered.
        (Side.BUY, 41 * UNIT, (40 * UNIT, sum(price for price, _ in ASKS) * UNIT)),
        (Side.SELL, 10**30, (40 * UNIT, sum(price for price, _ in BIDS) * UNIT)),
    ],
)
def test_what_would_be_traded(engine: _core.Engine, side: Side, amount: int, fill: tuple[int, int]) -> None:
    assert market_fill(engine, MarketId(0), side, amount) == MarketFill(*fill)


@pytest.mark.parametrize(
    ("side", "amount", "reason"),
    [
        (Side.BUY, 40 * UNIT, RejectReason.OK),  # 80,780
        (Side.BUY, 41 * UNIT, RejectReason.OK),  # the 41st is not offered
        (Side.SELL, 10 * UNIT, RejectReason.OK),
        (Side.SELL, 10 * UNIT + 1, RejectReason.INSUFFICIENT_FUNDS),
        (Side.BUY, UNIT // 1000 - 1, RejectReason.AMOUNT_TOO_SMALL),
        (Side.SELL, 1000 * UNIT + 1, RejectReason.AMOUNT_TOO_LARGE),
        (Side.BUY, 10**40, RejectReason.AMOUNT_TOO_LARGE),
    ],
)
def test_why_an_order_would_be_refused(engine: _core.Engine, side: Side, amount: int, reason: RejectReason) -> None:
    assert uncovered_rejection(engine, engine.market(0), TAKER, side, amount) == reason


def test_a_purchase_beyond_the_money(engine: _core.Engine) -> None:
    spent = engine.transfer(9_000, 999, TAKER, MAKER, 0, TransferKind.ADJUSTMENT, 0, 10**5 * 10**16 - 2000 * 10**16, b"")
    assert spent.code == 0
    assert uncovered_rejection(engine, engine.market(0), TAKER, Side.BUY, UNIT) == RejectReason.OK
    assert uncovered_rejection(engine, engine.market(0), TAKER, Side.BUY, UNIT + 1) == RejectReason.INSUFFICIENT_FUNDS


def test_a_halted_market(engine: _core.Engine) -> None:
    assert engine.set_market_status(9_000, 0, MarketStatus.HALTED, b"").code == 0
    assert uncovered_rejection(engine, engine.market(0), TAKER, Side.SELL, UNIT) == RejectReason.MARKET_HALTED


@pytest.fixture
def linked(engine: _core.Engine) -> _core.Engine:
    """The same with a market of the coin for francs, worth half a dollar, without a fee: one coin is asked at 3000, one is bid at 3000."""
    assert engine.create_asset(9_000, "CHF", 16, 8, b"").code == 0
    assert engine.create_market(9_000, 1, 2, 0, 8, 1, 1, 10**9, UNIT // 1000, 1000 * UNIT, 0, 0, 0, b"").code == 0
    assert engine.create_linked_group(9_000, 1, 0, 0, 0).code == 0
    for market in (0, 1):
        assert engine.link_market(9_000, 0, market).code == 0
    assert engine.set_conversion_rates(9_000, 0, [(2, 5 * 10**11)]).code == 0
    for number, (account, asset) in enumerate(((_core.CONVERSION, 0), (_core.CONVERSION, 2), (MAKER, 2))):
        deposit = engine.transfer(9_000, 2_000 + number, _core.WORLD, account, asset, TransferKind.DEPOSIT, 0, 10**6 * 10**16, b"")
        assert deposit.code == 0
    for side, price in ((Side.SELL, 3000), (Side.BUY, 2998)):
        assert engine.place_order(9_000, MAKER, 1, side, 0, 0, 0, 0, price, UNIT, 0, 0, 0, 0, b"").code == 0
    return engine


@pytest.mark.parametrize(
    ("side", "amount", "fill"),
    [
        (Side.BUY, 2 * UNIT, (2 * UNIT, (1500 + 2000) * UNIT)),
        (Side.BUY, 50 * UNIT, (41 * UNIT, (1500 + sum(price for price, _ in ASKS)) * UNIT)),
        (Side.SELL, 2 * UNIT, (2 * UNIT, (1499 + 1000) * UNIT)),
    ],
)
def test_a_linked_market_trades_with_the_books_of_its_group(linked: _core.Engine, side: Side, amount: int, fill: tuple[int, int]) -> None:
    assert market_fill(linked, MarketId(0), side, amount) == MarketFill(*fill)


@pytest.mark.parametrize(("dollars", "reason"), [(3_500, RejectReason.OK), (3_499, RejectReason.INSUFFICIENT_FUNDS)])
def test_a_purchase_in_a_linked_market_costs_what_all_books_ask(linked: _core.Engine, dollars: int, reason: RejectReason) -> None:
    given = linked.transfer(9_000, 999, TAKER, MAKER, 0, TransferKind.ADJUSTMENT, 0, (10**5 - dollars) * 10**16, b"")
    assert given.code == 0
    assert uncovered_rejection(linked, linked.market(0), TAKER, Side.BUY, 2 * UNIT) == reason
