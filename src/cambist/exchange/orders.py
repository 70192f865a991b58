"""Orders through the sequencer."""

from collections.abc import Sequence

from cambist._core import ALL_MARKETS, BOTH_SIDES, Engine, Outcome
from cambist.domain.meta import Meta
from cambist.domain.orders import RejectReason
from cambist.exchange.sequencer import Sequencer

NO_META = Meta()


class Orders:
    """Each call applies one command at once; codes of outcomes are `Reject`s. Prices and amounts are integers in the market's units."""

    def __init__(self, engine: Engine, sequencer: Sequencer) -> None:
        self._engine = engine
        self._sequencer = sequencer

    def place(
        self,
        account: int,
        market: int,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        *,
        funds: int = 0,
        post_only: bool = False,
        self_trade: int = 0,
        stop_price: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        meta: Meta = NO_META,
    ) -> Outcome:
        """Places an order; `funds` in atoms of quote, `expire_at` in µs. JOURNAL_FULL when the disk has no room for new orders."""
        sequencer = self._sequencer
        if not sequencer.has_space:
            return Outcome.refused(RejectReason.JOURNAL_FULL, self._engine.seq)
        time = sequencer.stamp()
        return sequencer.committed(
            self._engine.place_order(
                time,
                account,
                market,
                side,
                type,
                tif,
                1 if post_only else 0,
                self_trade,
                price,
                amount,
                stop_price,
                expire_at,
                funds,
                client_id,
                meta.encode(),
            )
        )

    def cancel(self, account: int, order_id: int, meta: Meta = NO_META) -> Outcome:
        sequencer = self._sequencer
        time = sequencer.stamp()
        return sequencer.committed(self._engine.cancel_order(time, account, order_id, meta.encode()))

    def cancel_many(self, account: int, order_ids: Sequence[int], meta: Meta = NO_META) -> Outcome:
        """One command; ids that are not this account's live orders are passed over. At most 65,535 ids."""
        time = self._sequencer.stamp()
        return self._sequencer.committed(self._engine.cancel_many(time, account, order_ids, meta.encode()))

    def cancel_all(self, account: int, market: int = ALL_MARKETS, side: int = BOTH_SIDES, meta: Meta = NO_META) -> Outcome:
        time = self._sequencer.stamp()
        return self._sequencer.committed(self._engine.cancel_all(time, account, market, side, meta.encode()))

    def replace(
        self, account: int, order_id: int, *, price: int = 0, amount: int = 0, stop_price: int = 0, meta: Meta = NO_META
    ) -> Outcome:
        """Changes a live order; zero keeps a value. `amount` is the new whole amount, the filled part included."""
        if not self._sequencer.has_space:
            return Outcome.refused(RejectReason.JOURNAL_FULL, self._engine.seq)
        time = self._sequencer.stamp()
        return self._sequencer.committed(self._engine.replace_order(time, account, order_id, price, amount, stop_price, meta.encode()))
