"""`TradeHistory` and `TransHistory`: what an account did, page by page."""

from dataclasses import replace

from cambist import _core
from cambist.dialects.btce_wex import errors, ids
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.context import MethodGroup
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.paging import WEEK, Filters
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.render import SIDE_NAMES, quoted_text, rows, seconds
from cambist.domain.orders import Side
from cambist.domain.transfers import Business, TransferKind
from cambist.domain.units import AccountId, MarketId
from cambist.history.port import Page
from cambist.history.records import Fill, LedgerEntry, Leg, TransferStatus

DEPOSIT, WITHDRAWAL, CREDIT, DEBIT = 1, 2, 4, 5
"""`type` of a transaction."""
CANCELLED, WAITING, SUCCESSFUL, NOT_CONFIRMED = 0, 1, 2, 3
"""`status` of a transaction."""
CHUNK = 1000
"""Ledger entries that are read at a time: not each of them is a transaction here."""


class Histories(MethodGroup):
    async def trade_history(self, caller: Caller) -> bytes:
        """Trades of the account; none at all is an error, `no trades`. `since` looks back a week at most."""
        filters = Filters(caller.fields, self.context.now(), WEEK)
        market = None
        if not filters.wrong and "pair" in caller.fields:
            pair = self.context.pairs.find(caller.fields["pair"])
            market = pair.market if pair is not None else None
            filters.wrong = "" if pair is not None else "pair"
        if filters.wrong:
            return error_body(errors.invalid_parameter(filters.wrong))
        return await self._trades(caller.account, filters.page, market)

    async def _trades(self, account: AccountId, page: Page, market: MarketId | None) -> bytes:
        await self.context.history_caught_up()
        fills = await self.services.history.fills(account, page, market=market) if page.limit else []
        if not fills:
            return error_body(errors.NO_TRADES)
        return rows(map(self.trade, fills))

    def trade(self, fill: Fill) -> str:
        """A row of TradeHistory. `order_id` is always the order that rested; it is "yours" for its maker, and for the taker of his own."""
        pair = self.context.pairs[fill.market]
        yours = fill.maker or fill.maker_account == fill.taker_account
        return (
            f'"{ids.shown(fill.id)}":{{"pair":"{pair.name}","type":"{SIDE_NAMES[fill.side]}","amount":{pair.amount_text(fill.amount)},'
            f'"rate":{pair.price_text(fill.price)},"order_id":{ids.shown(fill.maker_order)},"is_your_order":{int(yours)},'
            f'"timestamp":{seconds(fill.time)}}}'
        )

    async def trans_history(self, caller: Caller) -> bytes:
        """Movements of the account's money; none at all is an error, `no transactions`."""
        filters = Filters(caller.fields, self.context.now())
        if filters.wrong:
            return error_body(errors.invalid_parameter(filters.wrong))
        return await self._transactions(caller.account, filters.page)

    async def _transactions(self, account: AccountId, page: Page) -> bytes:
        await self.context.history_caught_up()
        skip, texts = page.offset, list[str]()
        chunk = replace(page, offset=0, limit=CHUNK)
        while len(texts) < page.limit:
            entries = await self.services.history.entries(account, chunk)
            for entry in filter(is_transaction, entries):
                if skip:
                    skip -= 1
                elif len(texts) < page.limit:
                    texts.append(self._transaction(entry))
            if len(entries) < CHUNK:
                break
            last = entries[-1].id
            chunk = replace(chunk, last_id=last - 1) if page.newest_first else replace(chunk, first_id=last + 1)
        if not texts:
            return error_body(errors.NO_TRANSACTIONS)
        return rows(texts)

    def _transaction(self, entry: LedgerEntry) -> str:
        asset = self.context.assets[entry.asset]
        kind, status = transaction_type(entry), transaction_status(entry)
        return (
            f'"{ids.shown(entry.id)}":{{"type":{kind},"amount":{asset.shown_full(abs(entry.change_available))},"currency":"{asset.code}",'
            f'"desc":{quoted_text(self._description(entry))},"status":{status},"timestamp":{seconds(entry.time)}}}'
        )

    def _description(self, entry: LedgerEntry) -> str:
        if entry.business == Business.HOLD:
            return f"In payment for a warrant :order:{ids.shown(entry.order_id)}:"
        if entry.business == Business.RELEASE:
            return f"Cancel order :order:{ids.shown(entry.order_id)}:"
        if entry.business == Business.TRADE:
            return trade_description(self.context.pairs[entry.market], entry)
        code = self.context.assets[entry.asset].code
        match entry.kind:
            case TransferKind.DEPOSIT:
                return f"{code} Payment"
            case TransferKind.WITHDRAWAL:
                return f"{code} Withdraw to address {entry.memo.get('address', '')}".rstrip()
            case TransferKind.COUPON_CREATE:
                return f"Create {code} coupon"
            case TransferKind.COUPON_REDEEM:
                return f"Redeem {code} coupon"
            case TransferKind.MERCHANT:
                return f"{code} merchant payment"
            case _:
                return f"{code} transfer"


def is_transaction(entry: LedgerEntry) -> bool:
    """Whether a ledger entry is a row of TransHistory.

    A trade has one row a side, as in the originals: the taker's is what a buyer pays or a seller gets. What the maker pays was
    booked when his order came to rest, so his row is what he gets. A transfer's row is the entry that took or brought the money;
    what gives it back when it fails shows in that row's status.
    """
    if entry.business == Business.TRADE:
        return entry.leg in (Leg.SELLER_RECEIVES, Leg.BUYER_RECEIVES if entry.maker else Leg.BUYER_PAYS)
    if entry.business == Business.TRANSFER:
        returned = entry.status == TransferStatus.VOIDED and entry.change_available > 0
        return entry.change_available != 0 and not returned
    return entry.change_available != 0


def transaction_type(entry: LedgerEntry) -> int:
    if entry.business == Business.TRANSFER:
        if entry.kind == TransferKind.DEPOSIT:
            return DEPOSIT
        if entry.kind == TransferKind.WITHDRAWAL:
            return WITHDRAWAL
    return CREDIT if entry.change_available > 0 else DEBIT


def transaction_status(entry: LedgerEntry) -> int:
    """A withdrawal goes from waiting through not confirmed (it is on its way) to successful; everything inside is successful at once."""
    if entry.business != Business.TRANSFER:
        return SUCCESSFUL
    if entry.status == TransferStatus.VOIDED:
        return CANCELLED
    if entry.status == TransferStatus.PENDING:
        return WAITING
    return NOT_CONFIRMED if entry.kind == TransferKind.WITHDRAWAL and not entry.settled else SUCCESSFUL


def trade_description(pair: Pair, entry: LedgerEntry) -> str:
    """`Buy 0.001 BTC (-0.2%) from order :order:1: by price 1180 USD`; the fee stands at what it is taken from."""
    # ppm as percent: four decimals less.
    fee = f" (-{_core.format_units(entry.ppm, 4)}%)"
    whose, order = ("your ", entry.order_id) if entry.maker else ("", entry.counter_order)
    source = f"from {whose}order :order:{ids.shown(order)}: by price {pair.price_text(entry.price)} {pair.quote_code}"
    amount = f"{pair.amount_text(entry.amount)} {pair.base_code}"
    if entry.side == Side.BUY:
        return f"Buy {amount}{fee} {source}"
    return f"Sell {amount} {source} total {pair.quote.shown(entry.total)} {pair.quote_code}{fee}"
