"""Venue control through the sequencer: accounts, assets, markets, fees, limits, halts."""

from cambist._core import Engine, Outcome
from cambist.domain.meta import Meta
from cambist.domain.orders import MarketStatus
from cambist.exchange.catalogue import Catalogue
from cambist.exchange.sequencer import Sequencer

NO_META = Meta()


class Control:
    """Each call applies one command at once and refreshes the catalogue."""

    def __init__(self, engine: Engine, sequencer: Sequencer, catalogue: Catalogue) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._catalogue = catalogue

    def _done(self, outcome: Outcome) -> Outcome:
        self._catalogue.refresh()
        return self._sequencer.committed(outcome)

    def open_account(self, meta: Meta = NO_META) -> Outcome:
        """Outcome.id is the new account's number."""
        time = self._sequencer.stamp()
        return self._sequencer.committed(self._engine.open_account(time, meta.encode()))

    def create_asset(self, code: str, scale: int, display_scale: int) -> Outcome:
        return self._done(self._engine.create_asset(self._sequencer.stamp(), code, scale, display_scale))

    def create_market(
        self,
        base: int,
        quote: int,
        price_scale: int,
        amount_scale: int,
        *,
        self_trade: int,
        min_price: int,
        max_price: int,
        min_amount: int,
        max_amount: int,
        min_total: int,
        maker_ppm: int,
        taker_ppm: int,
    ) -> Outcome:
        """Units as in docs/internals/core.md#numbers. Outcome.id is the market's number."""
        return self._done(
            self._engine.create_market(
                self._sequencer.stamp(),
                base,
                quote,
                price_scale,
                amount_scale,
                self_trade,
                min_price,
                max_price,
                min_amount,
                max_amount,
                min_total,
                maker_ppm,
                taker_ppm,
            )
        )

    def set_market_limits(
        self, market: int, *, min_price: int, max_price: int, min_amount: int, max_amount: int, min_total: int
    ) -> Outcome:
        time = self._sequencer.stamp()
        return self._done(self._engine.set_market_limits(time, market, min_price, max_price, min_amount, max_amount, min_total))

    def set_market_status(self, market: int, status: MarketStatus) -> Outcome:
        return self._done(self._engine.set_market_status(self._sequencer.stamp(), market, status))

    def set_market_fees(self, market: int, maker_ppm: int, taker_ppm: int) -> Outcome:
        return self._done(self._engine.set_market_fees(self._sequencer.stamp(), market, maker_ppm, taker_ppm))

    def set_account_fees(self, account: int, maker_ppm: int, taker_ppm: int) -> Outcome:
        return self._done(self._engine.set_account_fees(self._sequencer.stamp(), account, maker_ppm, taker_ppm))

    def set_max_open_orders(self, count: int) -> Outcome:
        return self._done(self._engine.set_max_open_orders(self._sequencer.stamp(), count))
