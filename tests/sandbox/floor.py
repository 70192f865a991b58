"""A bare engine with the default markets, traders on it, and a clock that the test moves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from cambist import _core
from cambist.app.config import default_text, parse, terms
from cambist.domain.units import AccountId
from cambist.exchange import Commands, Done
from cambist.sandbox.conversion_rates import ConversionRates
from cambist.sandbox.linked_markets import BASE, FEE_PPM, QUOTES
from cambist.sandbox.money import usd_value
from cambist.sandbox.presets import PRESETS, TraderNumbers
from cambist.sandbox.traders import Traders, account_names
from cambist.scheduling import ManualScheduler
from tests.support.immediate import Immediate

SECOND = 1_000_000
START = 1_500_000_000 * SECOND
Trade = tuple[int, int, int, int, int, bool, int]
"""As `_core.market_changes` has them: id, time, taker side, price, amount, and what does not matter here."""


class Floor:
    """The exchange as traders see it."""

    def __init__(self) -> None:
        self.engine = _core.Engine()
        self.scheduler = ManualScheduler(START)
        self.codes: dict[str, int] = {}

    def now(self) -> int:
        now = self.scheduler.now()
        if 0 < self.engine.next_expiry() <= now:
            self.engine.advance_time(now)
        return now

    async def place(
        self,
        account: int,
        market: int,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        *,
        post_only: bool = False,
        expire_at: int = 0,
    ) -> Done[None]:
        flags = int(post_only)
        outcome = self.engine.place_order(self.now(), account, market, side, type, tif, flags, 0, price, amount, 0, expire_at)
        return Done(outcome, None)

    async def cancel_many(self, account: int, order_ids: list[int]) -> Done[None]:
        return Done(self.engine.cancel_many(self.now(), account, order_ids), None)

    async def set_market_status(self, market: int, status: int) -> _core.Outcome:
        return self.engine.set_market_status(self.now(), market, status)

    async def set_conversion_rates(self, group: int, rates: list[tuple[int, int]]) -> _core.Outcome:
        return self.engine.set_conversion_rates(self.now(), group, rates)

    def link(self, base: str, quotes: Sequence[str], fee_ppm: int) -> None:
        """Links the markets of the base in these quotes, the first of which is the anchor, and funds the conversion account."""
        engine, now = self.engine, self.now()
        group = engine.create_linked_group(now, self.codes[base], self.codes[quotes[0]], fee_ppm, 0).id
        for market in engine.markets():
            if market.base == self.codes[base] and market.quote in {self.codes[quote] for quote in quotes}:
                assert engine.link_market(now, group, market.id).code == 0
                atoms = int(1e9 / usd_value(engine.assets()[market.quote].code)) * 10**16
                engine.transfer(now, 1 + market.quote, _core.WORLD, _core.CONVERSION, market.quote, 1, 0, atoms)

    def open_account(self, **funds: int) -> AccountId:
        """A funded account without fees; funds in whole units."""
        engine, now = self.engine, self.now()
        account = AccountId(engine.open_account(now).id)
        engine.set_account_fees(now, account, 0, 0)
        for code, amount in funds.items():
            asset = self.codes[code]
            engine.transfer(now, account * 1_000 + asset + 1, _core.WORLD, account, asset, 1, 0, amount * 10**16)
        return account


class Crew:
    """A sandbox's traders on a floor."""

    def __init__(
        self,
        numbers: TraderNumbers | str,
        seed: int = 1,
        intensity: Mapping[str, float] | None = None,
        values: Mapping[str, float] | None = None,
        *,
        linked: bool = False,
    ) -> None:
        self.floor = floor = Floor()
        engine, config, now = floor.engine, parse(default_text()), floor.now()
        for asset in config.asset:
            floor.codes[asset.code] = engine.create_asset(now, asset.code, asset.scale, asset.display_scale).id
        for market in config.market:
            wanted = terms(config, market)
            fields = [getattr(wanted, name) for name in wanted.__struct_fields__]
            assert engine.create_market(now, floor.codes[market.base], floor.codes[market.quote], *fields).code == 0
        self.numbers = PRESETS[numbers] if isinstance(numbers, str) else numbers
        funds = {code: int(1e9 / usd_value(code)) for code in floor.codes}
        self.accounts = {name: floor.open_account(**funds) for name in account_names(self.numbers)}
        self.traders = Immediate(
            Traders(cast("Commands", floor), engine, floor.scheduler, self.accounts, seed, self.numbers, intensity or {}, values or {})
        )

        self.rates: Immediate | None = None
        if linked:
            floor.link(BASE, QUOTES, FEE_PPM)
            self.rates = Immediate(ConversionRates(cast("Commands", floor), engine, floor.scheduler, self.traders.fundamentals))

    def open(self) -> None:
        if self.rates is not None:
            self.rates.set()
            self.rates.start()
        self.traders.open_markets()
        if self.numbers.halted:
            self.traders.halt_markets()
        self.traders.start()

    def trades(self, market: int = 0) -> list[Trade]:
        """What was traded there since this was asked last."""
        self.floor.engine.take_commands()
        changes = _core.market_changes([self.floor.engine.take_events()])
        return [trade for number, _, traded in changes if number == market for trade in traded]

    def seconds(self, count: int) -> Iterator[int]:
        """Lets time pass, a second a step."""
        for second in range(count):
            self.floor.scheduler.advance_by(SECOND)
            yield second

    def run(self, seconds: int) -> None:
        for _ in self.seconds(seconds):
            pass
