"""The command port of an edge: each command goes to the leader, and is done when it is found in the log."""

from collections.abc import Sequence

from cambist._core import ALL_MARKETS, BOTH_SIDES, Outcome
from cambist.domain.commands import CommandKind
from cambist.domain.markets import MarketStatus
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderFlag, TimeInForce, order_flags
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange import command_records as records
from cambist.exchange.commands import NO_META, Done
from cambist.exchange.pending_commands import PendingCommands
from cambist.exchange.view import Read, T


class RemoteCommands:
    """`Commands` where somebody else leads. What it returns is durable, and this process's state has come that far."""

    def __init__(self, pending: PendingCommands) -> None:
        self._give = pending.give

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
        return await self._give(
            CommandKind.PLACE_ORDER,
            records.order(
                account,
                market,
                side,
                type,
                tif,
                order_flags(post_only, take_profit),
                self_trade,
                price,
                amount,
                stop_price,
                expire_at,
                funds,
                client_id,
            ),
            meta,
            read,
        )

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
        return await self._give(
            CommandKind.PLACE_OCO,
            records.pair(
                account,
                market,
                side,
                TimeInForce.GTD if expire_at else TimeInForce.GTC,
                order_flags(post_only),
                self_trade,
                price,
                amount,
                stop_price,
                stop_limit_price,
                expire_at,
                client_id,
                stop_client_id,
            ),
            meta,
            read,
        )

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
        return await self._give(
            CommandKind.PLACE_TRAILING,
            records.order(
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
            ),
            meta,
            read,
        )

    async def cancel(self, account: AccountId, order_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return await self._give(CommandKind.CANCEL_ORDER, records.cancel(account, order_id), meta, read)

    async def cancel_many(
        self, account: AccountId, order_ids: Sequence[int], *, meta: Meta = NO_META, read: Read[T] | None = None
    ) -> Done[T]:
        return await self._give(CommandKind.CANCEL_MANY, records.cancel_many(account, order_ids), meta, read)

    async def cancel_all(
        self,
        account: AccountId,
        market: MarketId = ALL_MARKETS,
        side: int = BOTH_SIDES,
        *,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        return await self._give(CommandKind.CANCEL_ALL, records.cancel_all(account, market, side), meta, read)

    async def cancel_after(self, account: AccountId, due: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return await self._give(CommandKind.SET_CANCEL_AFTER, records.cancel_after(account, due), meta, read)

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
        return await self._give(CommandKind.REPLACE_ORDER, records.replacement(account, order_id, price, amount, stop_price), meta, read)

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
        return await self._give(
            CommandKind.TRANSFER, records.transfer(transfer_id, source, destination, asset, kind, pending, amount), meta, read
        )

    async def post(self, transfer_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return await self._give(CommandKind.POST_TRANSFER, records.transfer_id(transfer_id), meta, read)

    async def void(self, transfer_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        return await self._give(CommandKind.VOID_TRANSFER, records.transfer_id(transfer_id), meta, read)

    async def note(self, meta: Meta, *, read: Read[T] | None = None) -> Done[T]:
        return await self._give(CommandKind.NOTE, b"", meta, read)

    async def open_account(self, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.OPEN_ACCOUNT, b"", meta, None)
        return done.outcome

    async def create_asset(self, code: str, scale: int, display_scale: int, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.CREATE_ASSET, records.asset(code, scale, display_scale), meta, None)
        return done.outcome

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
        done = await self._give(
            CommandKind.CREATE_MARKET,
            records.market(
                base,
                quote,
                price_scale,
                amount_scale,
                self_trade,
                records.limits(min_price, max_price, min_amount, max_amount, min_total),
                maker_ppm,
                taker_ppm,
            ),
            meta,
            None,
        )
        return done.outcome

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
        done = await self._give(
            CommandKind.SET_MARKET_LIMITS,
            records.market_limits(market, records.limits(min_price, max_price, min_amount, max_amount, min_total)),
            meta,
            None,
        )
        return done.outcome

    async def set_market_status(self, market: MarketId, status: MarketStatus, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.SET_MARKET_STATUS, records.market_status(market, status), meta, None)
        return done.outcome

    async def set_market_fees(self, market: MarketId, maker_ppm: int, taker_ppm: int, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.SET_MARKET_FEES, records.market_fees(market, maker_ppm, taker_ppm), meta, None)
        return done.outcome

    async def set_account_fees(self, account: AccountId, maker_ppm: int, taker_ppm: int, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.SET_ACCOUNT_FEES, records.account_fees(account, maker_ppm, taker_ppm), meta, None)
        return done.outcome

    async def set_max_open_orders(self, count: int, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.SET_MAX_OPEN_ORDERS, records.max_open_orders(count), meta, None)
        return done.outcome

    async def create_linked_group(self, base: AssetId, anchor: AssetId, fee_ppm: int, max_age: int, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.CREATE_LINKED_GROUP, records.linked_group(base, anchor, fee_ppm, max_age), meta, None)
        return done.outcome

    async def link_market(self, group: int, market: MarketId, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.LINK_MARKET, records.link(group, market), meta, None)
        return done.outcome

    async def unlink_market(self, market: MarketId, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.UNLINK_MARKET, records.unlink(market), meta, None)
        return done.outcome

    async def set_linked_group_terms(self, group: int, fee_ppm: int, max_age: int, *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.SET_LINKED_GROUP_TERMS, records.linked_group_terms(group, fee_ppm, max_age), meta, None)
        return done.outcome

    async def set_conversion_rates(self, group: int, rates: Sequence[tuple[AssetId, int]], *, meta: Meta = NO_META) -> Outcome:
        done = await self._give(CommandKind.SET_CONVERSION_RATES, records.conversion_rates(group, rates), meta, None)
        return done.outcome
