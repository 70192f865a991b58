"""What the bot made of its money: worth, profit, fees, how it traded. Exact: integers of the ledger, and fractions of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from cambist import _core
from cambist.domain.orders import Side
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.record import AccountRecord, Fill, OrderRecord, balances_of
from cambist.sandbox.report.valuation import Mids, Valuation, decimal_text, mids_of


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What a bot made of its money: decimal texts, in `quote` unless they say otherwise."""

    quote: str
    """The asset that everything is valued in, at the middle of the books."""
    equity_first: str
    """What the account was worth right before its first command."""
    equity_now: str
    """What it is worth."""
    deposited: str
    """What came to it since its first command, less what left, each at the prices of its moment."""
    change: str
    """`equity_now` less `equity_first` and `deposited`: with what prices did to what it has."""
    profit: str
    """What its trades made, at the prices of now: what the account would be worth more or less without them is left out."""
    fees: dict[str, str]
    """Paid, by asset, in units of that; they are in `profit` already."""
    fees_value: str
    """All fees, at the prices of now."""
    trades: int
    """How many fills its orders had."""
    volume: str
    """What it bought and sold, at the prices of now between quotes."""
    maker_share: str | None
    """How much of the volume rested before it was traded, 0 to 1; null without trades."""
    slippage: str | None
    """What it cost that it took other prices than the middle of the book, negative when they were better; null when it took nothing."""
    slippage_percent: str | None
    """The same in percent of what the middle would have cost."""
    unvalued: list[str]
    """Assets that it has, and for which there is no price in `quote`: they count nothing."""


def money_of(evidence: Evidence, quote: int) -> Money:
    """The figures of one account, valued in the asset `quote`."""
    engine, record, names = evidence.run.engine, evidence.record, evidence.names
    assets = names.assets
    digits = assets[quote].display_scale
    valuation = Valuation(assets, names.markets, quote)
    now = mids_of(engine)
    balances = {asset: sum(both) for asset, both in balances_of(engine, record.account).items()}

    def text(value: Fraction) -> str:
        return decimal_text(value, digits)

    first = record.began
    equity_now = valuation.value(balances, now)
    equity_first = valuation.value(first.balances[record.account], first.mids) if first is not None else equity_now
    flows = [flow for flow in record.flows if first is not None and flow.seq > first.seq]
    deposited = sum((valuation.value({flow.asset: flow.atoms}, flow.mids) for flow in flows), Fraction(0))
    fills = list(record.fills)
    fees = fees_of(evidence, fills)
    volumes = [(_value_of(valuation, evidence, order, fill, now), fill.maker) for order, fill in fills]
    volume = sum((value for value, _ in volumes), Fraction(0))
    slipped = [(_slippage(order, fill), order.market, _middle(fill)) for order, fill in fills if not fill.maker and fill.bid and fill.ask]
    cost = sum((_in_quote(valuation, evidence, market, units, now) for units, market, _ in slipped), Fraction(0))
    middle = sum((_in_quote(valuation, evidence, market, units, now) for _, market, units in slipped), Fraction(0))
    return Money(
        quote=assets[quote].code,
        equity_first=text(equity_first),
        equity_now=text(equity_now),
        deposited=text(deposited),
        change=text(equity_now - equity_first - deposited),
        profit=text(valuation.value(traded(record, balances, engine.seq), now)),
        fees={assets[asset].code: _core.format_units(atoms, assets[asset].scale) for asset, atoms in sorted(fees.items())},
        fees_value=text(valuation.value(fees, now)),
        trades=len(fills),
        volume=text(volume),
        maker_share=decimal_text(sum((value for value, maker in volumes if maker), Fraction(0)) / volume, 4) if volume else None,
        slippage=text(cost) if slipped else None,
        slippage_percent=decimal_text(100 * cost / middle, 4) if middle else None,
        unvalued=[assets[asset].code for asset in valuation.unvalued(balances, now)],
    )


def traded(record: AccountRecord, balances: Mapping[int, int], seq: int) -> dict[int, int]:
    """What trades alone have brought by then, and taken: balances without the money that came and went otherwise. Atoms by asset."""
    made = dict(balances)
    for flow in record.flows:
        if flow.seq <= seq:
            made[flow.asset] = made.get(flow.asset, 0) - flow.atoms
    return made


def fees_of(evidence: Evidence, fills: Sequence[tuple[OrderRecord, Fill]]) -> dict[int, int]:
    """Atoms by asset; a fee is in what the order received."""
    fees: dict[int, int] = {}
    for order, fill in fills:
        spec = evidence.names.markets[order.market]
        asset = int(spec.base if order.side == Side.BUY else spec.quote)
        if fill.fee:
            fees[asset] = fees.get(asset, 0) + fill.fee
    return fees


def _value_of(valuation: Valuation, evidence: Evidence, order: OrderRecord, fill: Fill, mids: Mids) -> Fraction:
    """What a fill was worth in the quote of the report."""
    return valuation.value({int(evidence.names.markets[order.market].quote): fill.total}, mids)


def _slippage(order: OrderRecord, fill: Fill) -> int:
    """By how much it was dearer, or brought less, than at the middle of the book: twice the price units times amount units."""
    dearer = 2 * fill.price - fill.bid - fill.ask
    return (dearer if order.side == Side.BUY else -dearer) * fill.amount


def _middle(fill: Fill) -> int:
    """What it would have cost there, in the same units."""
    return (fill.bid + fill.ask) * fill.amount


def _in_quote(valuation: Valuation, evidence: Evidence, market: int, units: int, mids: Mapping[int, Fraction]) -> Fraction:
    """Twice price times amount, of a market, in the quote of the report."""
    spec = evidence.names.markets[market]
    rate = valuation.rate(int(spec.quote), mids)
    return Fraction(0) if rate is None else Fraction(units, 2 * 10 ** (spec.price_scale + spec.amount_scale)) * rate
