"""What assets are worth in one of them, at the middle of the books: exact, as fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cambist._core import AssetSpec, Engine, MarketSpec

Mids = Mapping[int, Fraction]
"""By market: whole units of quote for one whole unit of base."""


def middle(bid: int, ask: int, last: int, price_scale: int) -> Fraction | None:
    """The middle between the best prices; where a side is empty, the last price; None where there never was one."""
    if bid and ask:
        return Fraction(bid + ask, 2 * 10**price_scale)
    return Fraction(last, 10**price_scale) if last else None


def mids_of(engine: Engine) -> dict[int, Fraction]:
    """Of every market that has a price."""
    found = {}
    for spec in engine.markets():
        price = middle(*engine.best(spec.id), spec.last_price, spec.price_scale)
        if price is not None:
            found[int(spec.id)] = price
    return found


class Valuation:
    """Turns atoms of any asset into whole units of one, directly or by way of one other asset: by the markets with the lowest numbers."""

    def __init__(self, assets: Sequence[AssetSpec], markets: Sequence[MarketSpec], quote: int) -> None:
        self._assets = assets
        self._quote = quote
        self._steps: dict[int, list[tuple[int, int, bool]]] = {}
        for spec in markets:
            self._steps.setdefault(spec.base, []).append((spec.quote, spec.id, True))
            self._steps.setdefault(spec.quote, []).append((spec.base, spec.id, False))

    def rate(self, asset: int, mids: Mids) -> Fraction | None:
        """Whole units of the quote for one whole unit of `asset`; None when no market leads there."""
        if asset == self._quote:
            return Fraction(1)
        direct = self._direct(asset, self._quote, mids)
        if direct is not None:
            return direct
        for between, market, forward in self._steps.get(asset, ()):
            first = _taken(mids, market, forward)
            second = self._direct(between, self._quote, mids)
            if first is not None and second is not None:
                return first * second
        return None

    def value(self, atoms: Mapping[int, int], mids: Mids) -> Fraction:
        """What the atoms are worth together; assets without a rate count nothing (`unvalued` names them)."""
        total = Fraction(0)
        for asset, count in atoms.items():
            rate = self.rate(asset, mids) if count else None
            if rate is not None:
                total += Fraction(count, 10 ** self._assets[asset].scale) * rate
        return total

    def unvalued(self, atoms: Mapping[int, int], mids: Mids) -> list[int]:
        """The assets of which there is something, and for which there is no rate."""
        return sorted(asset for asset, count in atoms.items() if count and self.rate(asset, mids) is None)

    def _direct(self, asset: int, wanted: int, mids: Mids) -> Fraction | None:
        for other, market, forward in self._steps.get(asset, ()):
            if other == wanted and (rate := _taken(mids, market, forward)) is not None:
                return rate
        return None


def _taken(mids: Mids, market: int, forward: bool) -> Fraction | None:
    price = mids.get(market)
    if not price:
        return None
    return price if forward else 1 / price


def decimal_text(value: Fraction, digits: int) -> str:
    """Fixed notation, rounded half to even, without zeros at the end and without a negative zero."""
    units = round(value * 10**digits)
    whole, part = divmod(abs(units), 10**digits)
    text = f"{whole}.{part:0{digits}}".rstrip("0").rstrip(".") if digits else str(whole)
    return f"-{text}" if units < 0 else text
