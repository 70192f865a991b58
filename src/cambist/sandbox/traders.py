"""The traders of a sandbox: who they are, and when each of them acts.

They use the same command port as everybody else, with accounts and money of their own, and they know nothing that a client could not know
but, in the case of makers and informed traders, what things are worth. A trader is one kind with a number in one market, as in
`noise-1/btc_usd`, and that is the name of the stream that it draws from: another trader more changes nobody else's draws.
"""

from collections.abc import Awaitable, Mapping
from typing import Protocol

from cambist.domain.markets import MarketStatus
from cambist.domain.units import AccountId
from cambist.exchange import Commands, View
from cambist.sandbox.draws import Draws
from cambist.sandbox.fundamentals import Fundamentals
from cambist.sandbox.makers import Maker
from cambist.sandbox.market import TradedMarket
from cambist.sandbox.presets import DEFAULT_INTENSITY, INTENSITY, TraderNumbers
from cambist.sandbox.takers import CrashSeller, InformedTrader, LargeTrader, NoiseTrader, Taker, TrendFollower
from cambist.scheduling import Scheduler, Timer

KINDS: dict[str, type[Taker]] = {"noise": NoiseTrader, "trend": TrendFollower, "informed": InformedTrader, "large": LargeTrader}
CRASHED_FROM = 0.1
"""Intensity from which on a market has crashes."""


class Trader(Protocol):
    """Somebody who acts, waits, and acts again."""

    @property
    def name(self) -> str: ...

    def wait(self) -> int:
        """µs until he acts again."""

    def act(self, now: int) -> Awaitable[object] | None:
        """What he does at `now` (µs): a command that is under way, or nothing."""


def account_names(numbers: TraderNumbers) -> list[str]:
    """Whose accounts these numbers need: a kind and a number, as in `maker-1`."""
    names = [f"maker-{number + 1}" for number in range(numbers.makers)]
    for kind in KINDS:
        names += [f"{kind}-{number + 1}" for number in range(getattr(numbers, kind))]
    if numbers.crashes_per_hour:
        names.append("crash-1")
    return names


class Traders:
    """The crew of one sandbox. `accounts`: funded accounts, one for each of `account_names`."""

    def __init__(
        self,
        commands: Commands,
        view: View,
        scheduler: Scheduler,
        accounts: Mapping[str, AccountId],
        seed: int,
        numbers: TraderNumbers,
        intensity: Mapping[str, float],
        values: Mapping[str, float],
    ) -> None:
        """`intensity`: by market, what is to differ from the defaults; 0: nobody trades there. `values`: by asset, in USD, likewise."""
        self._commands = commands
        self._view = view
        self._scheduler = scheduler
        self.numbers = numbers
        self._accounts = accounts
        codes = [asset.code for asset in view.assets()]
        self.fundamentals = Fundamentals(codes, seed, numbers, values)
        wanted = INTENSITY | dict(intensity)
        self.markets: list[TradedMarket] = []
        self._makers: list[Maker] = []
        self._takers: list[Taker] = []
        for spec in view.markets():
            lively = wanted.get(f"{codes[spec.base]}_{codes[spec.quote]}".lower(), DEFAULT_INTENSITY)
            if lively > 0.0:
                self._settle(TradedMarket(view, spec.id, codes, self.fundamentals, numbers, lively), seed)
        self._timers: list[Timer] = []

    def _settle(self, market: TradedMarket, seed: int) -> None:
        """Gives a market its traders."""
        numbers, accounts, commands = self.numbers, self._accounts, self._commands
        self.markets.append(market)
        for number in range(numbers.makers):
            who = f"maker-{number + 1}"
            name = f"{who}/{market.name}"
            self._makers.append(Maker(name, market, accounts[who], commands, self._view, Draws(seed, name), 1.0 / numbers.makers))
        for kind, make in KINDS.items():
            for number in range(getattr(numbers, kind)):
                who = f"{kind}-{number + 1}"
                name = f"{who}/{market.name}"
                self._takers.append(make(name, market, accounts[who], commands, Draws(seed, name)))
        if numbers.crashes_per_hour and market.intensity >= CRASHED_FROM:
            name = f"crash-1/{market.name}"
            self._takers.append(CrashSeller(name, market, accounts["crash-1"], commands, Draws(seed, name)))

    async def open_markets(self) -> None:
        """Puts quotes on both sides of every market, so that nobody meets an empty book."""
        for maker in self._makers:
            quoting = maker.act(self._scheduler.now())
            if quoting is not None:
                await quoting

    def set_price(self, market: TradedMarket, price: float) -> None:
        """Has the fundamental price of a market be this (quote per base); those of others that share a currency move along."""
        self.fundamentals.set_price(market.base, market.quote, price)
        self._forget_prices()

    def follow(self, market: TradedMarket, seconds: list[int], prices: list[float]) -> None:
        """Has it follow a record: from each second (since 1970) on, that price."""
        self.fundamentals.follow(market.base, market.quote, seconds, prices)
        self._forget_prices()

    def _forget_prices(self) -> None:
        for each in self.markets:
            each.forget_price()

    async def halt_markets(self) -> None:
        """Halts every market that is open, for a preset in which nothing trades."""
        for market in self.markets:
            if market.open:
                await self._commands.set_market_status(market.id, MarketStatus.HALTED)

    def start(self) -> None:
        """Has everybody act from now on."""
        everybody: list[Trader] = [*self._makers, *self._takers]
        self._timers = [self._scheduler.repeat(trader.wait, trader.act, trader.name) for trader in everybody]

    def stop(self) -> None:
        """Nobody acts any more; their orders stay."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
