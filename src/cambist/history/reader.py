"""The queries as coroutines: what a dialect is given."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from cambist.history.port import PATIENCE, WHOLE, HistoryAway, HistoryReads, MarketPast, OrderFilter, Page, StoreReads, WantedCandles
from cambist.history.records import Balance, Candle, Fill, LedgerEntry, Note, Order, OrderTerms, Trade, Transfer, Volume
from cambist.scheduling import Lockstep

T = TypeVar("T")


class Reached(Protocol):
    """`HistoryWriter.reached`."""

    def __call__(self, seq: int, *, within: float | None) -> Awaitable[None]: ...


class History(HistoryReads):
    """`HistoryReads` over a store: every query runs on one small thread with a connection of its own.

    A dialect that answers about a user's own doings first awaits `reached(seq)` with the seq of what that user was told last.
    """

    def __init__(
        self,
        reads: StoreReads,
        reached: Reached | None = None,
        lockstep: Lockstep | None = None,
        durable_seq: Callable[[], int] = lambda: 0,
        patience: float | None = None,
    ) -> None:
        """`reached` is the writer's; without one (a store that nobody writes to) it never waits.

        With `lockstep` nothing depends on how far the writer has come: every query first waits for the last durable command
        (`durable_seq`), for as long as that takes. Without it, a query that has not been answered within `patience` seconds (None: any
        number), those before it included, is HistoryAway.
        """
        self._reads = reads
        self._reached = reached
        self._lockstep = lockstep
        self._durable_seq = durable_seq
        self._patience = patience
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history-reader")

    async def _run(self, query: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        if self._lockstep is None:
            answer = loop.run_in_executor(self._thread, query)
            return await (answer if self._patience is None else self._in_time(answer, self._patience))
        await self.reached(self._durable_seq())
        return await self._lockstep.counted(loop.run_in_executor(self._thread, query))

    @staticmethod
    async def _in_time(answer: Awaitable[T], seconds: float) -> T:
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            raise HistoryAway(f"history does not answer within {seconds:g} s") from None

    async def reached(self, seq: int, *, within: float | None = PATIENCE) -> None:
        if self._reached is None:
            return
        if self._lockstep is None:
            await self._reached(seq, within=within)
        else:
            await self._lockstep.counted(self._reached(seq, within=None))

    async def orders_by_id(self, ids: Sequence[int]) -> list[Order]:
        return await self._run(lambda: self._reads.orders_by_id(ids))

    async def terms_of_order(self, order_id: int) -> list[OrderTerms]:
        return await self._run(lambda: self._reads.terms_of_order(order_id))

    async def orders(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        market: int | None = None,
        side: int | None = None,
        state: OrderFilter = "all",
        traded: bool | None = None,
        tag: str | None = None,
    ) -> list[Order]:
        return await self._run(lambda: self._reads.orders(account, page, market=market, side=side, state=state, traded=traded, tag=tag))

    async def fills(self, account: int, page: Page = WHOLE, *, market: int | None = None, tag: str | None = None) -> list[Fill]:
        return await self._run(lambda: self._reads.fills(account, page, market=market, tag=tag))

    async def fills_of_order(self, order_id: int, page: Page = WHOLE) -> list[Fill]:
        return await self._run(lambda: self._reads.fills_of_order(order_id, page))

    async def trades_by_id(self, ids: Sequence[int]) -> list[Trade]:
        return await self._run(lambda: self._reads.trades_by_id(ids))

    async def trade_at(self, time: int) -> Trade | None:
        return await self._run(lambda: self._reads.trade_at(time))

    async def market_trades(self, market: int, page: Page = WHOLE, *, primary: bool | None = None) -> list[Trade]:
        return await self._run(lambda: self._reads.market_trades(market, page, primary=primary))

    async def entries(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        asset: int | None = None,
        business: int | None = None,
        kind: int | None = None,
        trade_id: int | None = None,
    ) -> list[LedgerEntry]:
        return await self._run(lambda: self._reads.entries(account, page, asset=asset, business=business, kind=kind, trade_id=trade_id))

    async def entry_count(self, account: int, *, asset: int | None = None, business: int | None = None) -> int:
        return await self._run(lambda: self._reads.entry_count(account, asset=asset, business=business))

    async def balances_at(self, account: int, seq: int, assets: Sequence[int]) -> list[Balance]:
        return await self._run(lambda: self._reads.balances_at(account, seq, assets))

    async def transfer(self, transfer_id: int) -> Transfer | None:
        return await self._run(lambda: self._reads.transfer(transfer_id))

    async def transfers(self, account: int, page: Page = WHOLE, *, asset: int | None = None, kind: int | None = None) -> list[Transfer]:
        return await self._run(lambda: self._reads.transfers(account, page, asset=asset, kind=kind))

    async def transfers_with(self, word: str, value: str, *, kind: int | None = None, limit: int = 100) -> list[Transfer]:
        return await self._run(lambda: self._reads.transfers_with(word, value, kind=kind, limit=limit))

    async def notes(self, account: int, since: int) -> list[Note]:
        return await self._run(lambda: self._reads.notes(account, since))

    async def volumes(self, since: int, *, account: int | None = None, market: int | None = None) -> list[Volume]:
        return await self._run(lambda: self._reads.volumes(since, account=account, market=market))

    async def candles(self, market: int, interval: int, start: int, end: int, limit: int = 1_000) -> list[Candle]:
        return await self._run(lambda: self._reads.candles(market, interval, start, end, limit))

    async def market_pasts(
        self, markets: Sequence[int], trades: int, seconds_since: int, candles: Sequence[WantedCandles]
    ) -> list[MarketPast]:
        return await self._run(lambda: self._reads.market_pasts(markets, trades, seconds_since, candles))

    def close(self) -> None:
        """Waits for the query under way and closes the connection."""
        self._thread.submit(self._reads.close).result()
        self._thread.shutdown()
