"""Conversion rates of a sandbox's linked markets: the values of the currencies on the traders' walk, quoted as such rates are quoted."""

from cambist import _core
from cambist.domain.units import AssetId
from cambist.exchange import Commands, View
from cambist.sandbox.fundamentals import Fundamentals
from cambist.sandbox.linked_markets import BASE
from cambist.scheduling import Scheduler, Timer

LOOK = 5_000_000
"""How often rates are looked at, µs."""
DIGITS = 5
"""Of a rate: what moves less is no new rate, and journals nothing."""


class ConversionRates:
    """Keeps the rates of the coin's linked markets at what their currencies are worth."""

    def __init__(self, commands: Commands, view: View, scheduler: Scheduler, fundamentals: Fundamentals) -> None:
        self._commands = commands
        self._view = view
        self._scheduler = scheduler
        self._fundamentals = fundamentals
        self._timer: Timer | None = None

    async def set(self) -> None:
        """Journals the rates that are other ones than those that are set, in one command; none when there is none. JournalStopped."""
        view, fundamentals = self._view, self._fundamentals
        codes = [asset.code for asset in view.assets()]
        fundamentals.advance(self._scheduler.now() // 1_000_000)
        for group in view.linked_groups():
            if codes[group.base] != BASE:
                continue
            known = {asset: rate for asset, rate, _ in group.rates}
            quotes = sorted({view.market(market).quote for market in group.markets} - {group.anchor})
            rates = [(AssetId(quote), rounded(fundamentals.price(codes[quote], codes[group.anchor]))) for quote in quotes]
            changed = [(quote, rate) for quote, rate in rates if known.get(quote) != rate]
            if changed:
                await self._commands.set_conversion_rates(group.id, changed)

    def start(self) -> None:
        """Looks again and again from now on."""
        self._timer = self._scheduler.every(LOOK, self.set, "conversion rates")

    def stop(self) -> None:
        """The rates stay as they are."""
        if self._timer is not None:
            self._timer.cancel()


def rounded(value: float) -> int:
    """The value as the core counts rates, to five significant digits."""
    rate = round(value * _core.RATE_ONE)
    unit: int = 10 ** max(0, len(str(rate)) - DIGITS)
    return (rate + unit // 2) // unit * unit
