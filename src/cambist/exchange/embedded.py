"""The command port of a venue whose core is in this process: applied at once, journaled at the end of the tick."""

from collections.abc import Sequence
from typing import Protocol, cast

from cambist._core import ALL_MARKETS, BOTH_SIDES, Engine, Outcome
from cambist.domain.markets import MarketStatus
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderFlag, TimeInForce, order_flags
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.commands import NO_META, Done, NonceRejected
from cambist.exchange.sequencer import Sequencer
from cambist.exchange.view import Read, T


class NonceJudge(Protocol):
    """Where used nonces are kept: the directory's `Nonces`."""

    def judge(self, key_id: int, nonce: int) -> bool:
        """True, and remembered, when a request of that key may use this nonce (as `Meta.nonce` has it)."""

    def last(self, key_id: int) -> int:
        """The highest nonce accepted on the key, 0 when none was."""


class EmbeddedCommands:
    """`Commands` on an engine and its sequencer. Its coroutines never wait."""

    def __init__(self, engine: Engine, sequencer: Sequencer, nonces: NonceJudge) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._nonces = nonces
        self._judge = nonces.judge
        self._journal = sequencer.journal

    # --- what all commands have in common ---------------------------------------------------------------------------------

    def _begin(self, meta: Meta) -> int:
        """The command's time, once its nonce is accepted. JournalStopped before NonceRejected: a stopped venue burns no nonce."""
        time = self._sequencer.stamp()
        if meta.nonce and not self._nonces.judge(meta.key_id, meta.nonce):
            raise NonceRejected(self._nonces.last(meta.key_id))
        return time

    def _done(self, outcome: Outcome, read: Read[T] | None) -> Done[T]:
        self._sequencer.committed(outcome)
        return Done(outcome, read(self._engine) if read is not None else cast("T", None))

    def _no_space(self, time: int, meta: Meta, read: Read[T] | None) -> Done[T]:
        # The nonce was accepted, so it is journaled: a note is small, and there is room for what is small.
        if meta.nonce:
            self._sequencer.committed(self._engine.note(time, meta.encode()))
        outcome = Outcome.refused(RejectReason.JOURNAL_FULL, self._engine.seq)
        return Done(outcome, read(self._engine) if read is not None else cast("T", None))

    # --- orders -----------------------------------------------------------------------------------------------------------

    async def place(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        *,
        funds: int = 0,
        post_only: bool = False,
        take_profit: bool = False,
        self_trade: int = 0,
        stop_price: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        # `_begin`, `has_space`, `_done` written out: most commands are orders, and each call here is one of the few dozen that one costs.
        sequencer, engine = self._sequencer, self._engine
        time = sequencer.stamp()
        if meta.nonce and not self._judge(meta.key_id, meta.nonce):
            raise NonceRejected(self._nonces.last(meta.key_id))
        if self._journal.space_low:
            return self._no_space(time, meta, read)
        outcome = engine.place_order(
            time,
            account,
            market,
            side,
            type,
            tif,
            0 if not (post_only or take_profit) else order_flags(post_only, take_profit),
            self_trade,
            price,
            amount,
            stop_price,
            expire_at,
            funds,
            client_id,
            meta.encode(),
        )
        sequencer.committed(outcome)
        return Done(outcome, cast("T", None) if read is None else read(engine))

    async def place_oco(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        price: int,
        amount: int,
        stop_price: int,
        stop_limit_price: int,
        *,
        post_only: bool = False,
        self_trade: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        stop_client_id: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        time = self._begin(meta)
        if not self._sequencer.has_space:
            return self._no_space(time, meta, read)
        tif = TimeInForce.GTD if expire_at else TimeInForce.GTC
        outcome = self._engine.place_oco(
            time,
            account,
            market,
            side,
            tif,
            order_flags(post_only),
            self_trade,
            price,
            amount,
            stop_price,
            stop_limit_price,
            expire_at,
            client_id,
            stop_client_id,
            meta.encode(),
        )
        return self._done(outcome, read)

    async def place_trailing(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        trail: int,
        *,
        by_ppm: bool = False,
        funds: int = 0,
        self_trade: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        time = self._begin(meta)
        if not self._sequencer.has_space:
            return self._no_space(time, meta, read)
        outcome = self._engine.place_trailing(
            time,
            account,
            market,
            side,
            type,
            tif,
            OrderFlag.TRAILS_BY_PPM if by_ppm else OrderFlag.TRAILS_BY_PRICE,
            self_trade,
            price,
            amount,
            trail,
            expire_at,
            funds,
            client_id,
            meta.encode(),
        )
        return self._done(outcome, read)

    async def cancel(self, account: AccountId, order_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return self._done(self._engine.cancel_order(self._begin(meta), account, order_id, meta.encode()), read)

    async def cancel_many(
        self, account: AccountId, order_ids: Sequence[int], *, meta: Meta = NO_META, read: Read[T] | None = None
    ) -> Done[T]:
        return self._done(self._engine.cancel_many(self._begin(meta), account, order_ids, meta.encode()), read)

    async def cancel_all(
        self,
        account: AccountId,
        market: MarketId = ALL_MARKETS,
        side: int = BOTH_SIDES,
        *,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        return self._done(self._engine.cancel_all(self._begin(meta), account, market, side, meta.encode()), read)

    async def cancel_after(self, account: AccountId, due: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return self._done(self._engine.set_cancel_after(self._begin(meta), account, due, meta.encode()), read)

    async def replace(
        self,
        account: AccountId,
        order_id: int,
        *,
        price: int = 0,
        amount: int = 0,
        stop_price: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        time = self._begin(meta)
        if not self._sequencer.has_space:
            return self._no_space(time, meta, read)
        return self._done(self._engine.replace_order(time, account, order_id, price, amount, stop_price, meta.encode()), read)

    # --- money ------------------------------------------------------------------------------------------------------------

    async def transfer(
        self,
        transfer_id: int,
        source: AccountId,
        destination: AccountId,
        asset: AssetId,
        kind: TransferKind,
        amount: int,
        *,
        pending: bool = False,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        time = self._begin(meta)
        if not self._sequencer.has_space:
            return self._no_space(time, meta, read)
        held = 1 if pending else 0
        return self._done(self._engine.transfer(time, transfer_id, source, destination, asset, kind, held, amount, meta.encode()), read)

    async def post(self, transfer_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return self._done(self._engine.post_transfer(self._begin(meta), transfer_id, meta.encode()), read)

    async def void(self, transfer_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return self._done(self._engine.void_transfer(self._begin(meta), transfer_id, meta.encode()), read)

    async def note(self, meta: Meta, *, read: Read[T] | None = None) -> Done[T]:
        return self._done(self._engine.note(self._begin(meta), meta.encode()), read)

    # --- venue control ----------------------------------------------------------------------------------------------------

    async def open_account(self, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.open_account(self._begin(meta), meta.encode()))

    async def create_asset(self, code: str, scale: int, display_scale: int, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.create_asset(self._begin(meta), code, scale, display_scale, meta.encode()))

    async def create_market(
        self,
        base: AssetId,
        quote: AssetId,
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
        meta: Meta = NO_META,
    ) -> Outcome:
        outcome = self._engine.create_market(
            self._begin(meta),
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
            meta.encode(),
        )
        return self._sequencer.committed(outcome)

    async def set_market_limits(
        self,
        market: MarketId,
        *,
        min_price: int,
        max_price: int,
        min_amount: int,
        max_amount: int,
        min_total: int,
        meta: Meta = NO_META,
    ) -> Outcome:
        outcome = self._engine.set_market_limits(
            self._begin(meta), market, min_price, max_price, min_amount, max_amount, min_total, meta.encode()
        )
        return self._sequencer.committed(outcome)

    async def set_market_status(self, market: MarketId, status: MarketStatus, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.set_market_status(self._begin(meta), market, status, meta.encode()))

    async def set_market_fees(self, market: MarketId, maker_ppm: int, taker_ppm: int, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.set_market_fees(self._begin(meta), market, maker_ppm, taker_ppm, meta.encode()))

    async def set_account_fees(self, account: AccountId, maker_ppm: int, taker_ppm: int, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.set_account_fees(self._begin(meta), account, maker_ppm, taker_ppm, meta.encode()))

    async def set_max_open_orders(self, count: int, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.set_max_open_orders(self._begin(meta), count, meta.encode()))

    async def create_linked_group(self, base: AssetId, anchor: AssetId, fee_ppm: int, max_age: int, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.create_linked_group(self._begin(meta), base, anchor, fee_ppm, max_age, meta.encode()))

    async def link_market(self, group: int, market: MarketId, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.link_market(self._begin(meta), group, market, meta.encode()))

    async def unlink_market(self, market: MarketId, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.unlink_market(self._begin(meta), market, meta.encode()))

    async def set_linked_group_terms(self, group: int, fee_ppm: int, max_age: int, *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.set_linked_group_terms(self._begin(meta), group, fee_ppm, max_age, meta.encode()))

    async def set_conversion_rates(self, group: int, rates: Sequence[tuple[AssetId, int]], *, meta: Meta = NO_META) -> Outcome:
        return self._sequencer.committed(self._engine.set_conversion_rates(self._begin(meta), group, rates, meta.encode()))
