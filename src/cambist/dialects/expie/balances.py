"""Balances, and their history: the ledger's entries as the ancestor writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from cambist import _core
from cambist.dialects.expie.markets import Asset, Markets
from cambist.dialects.expie.numbers import rate_text, time_text
from cambist.domain.transfers import Business, TransferKind
from cambist.domain.units import AccountId
from cambist.exchange.view import View
from cambist.history.port import HistoryReads, Page
from cambist.history.records import LedgerEntry, Leg

CHUNK = 1_000
"""Ledger entries that are read at a time: not each of them is a record here."""

BUSINESSES = {
    TransferKind.DEPOSIT: "deposit",
    TransferKind.WITHDRAWAL: "withdraw",
    TransferKind.COUPON_CREATE: "coupon",
    TransferKind.COUPON_REDEEM: "coupon",
    TransferKind.MERCHANT: "merchant",
    TransferKind.ADJUSTMENT: "adjustment",
    TransferKind.INTERNAL: "transfer",
    TransferKind.WITHDRAWAL_SETTLE: "withdraw",
}
TRADE = "trade"


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records: of `asset` (None: all) and `business` (empty: all), times in µs, both ends included."""

    account: AccountId
    asset: Asset | None
    business: str
    offset: int
    limit: int
    since: int | None = None
    until: int | None = None


class Balances:
    """What an account has, and how it came to that."""

    def __init__(self, view: View, history: HistoryReads, markets: Markets) -> None:
        self._view = view
        self._history = history
        self._markets = markets

    def summary(self, account: AccountId) -> str:
        """A row for every asset. Here coins and trading money are one wallet, so `balance` is available and frozen together."""
        waiting_in, waiting_out = self._pending(account)
        rows = []
        for asset in self._markets.assets():
            available, held = self._view.balance(account, asset.id)
            leaving = waiting_out.get(asset.id, 0)
            free, frozen = asset.shown(available), asset.shown(held - leaving)
            both = asset.shown(available + held)
            arriving, going = asset.shown(waiting_in.get(asset.id, 0)), asset.shown(leaving)
            least = _core.format_units(1, asset.display_scale)
            rows.append(
                f'{{"coin_code":"{asset.code}","available_amount":"{free}","balance":"{both}","ex_trading_amount":"{frozen}",'
                f'"ex_trading_amount_str":"{frozen}","pending_deposit_amount":"{arriving}","ex_available":"{free}","escrow_amount":"0",'
                f'"min_deposit":"{least}","pending_withdraw_amount":"{going}","pending_deposit_amount_str":"{arriving}",'
                f'"pending_withdraw_amount_str":"{going}","ex_freeze_str":"{frozen}","min_withdraw":"{least}","escrow_amount_str":"0",'
                f'"ex_available_str":"{free}","available_amount_str":"{free}","ex_freeze":"{frozen}","balance_str":"{both}"}}'
            )
        return "[" + ",".join(rows) + "]"

    def _pending(self, account: AccountId) -> tuple[dict[int, int], dict[int, int]]:
        """(arriving, leaving) atoms by asset: deposits that wait for confirmations, withdrawals that were not sent yet."""
        arriving: dict[int, int] = {}
        leaving: dict[int, int] = {}
        for transfer in self._view.pending_transfers():
            if transfer.destination == account:
                arriving[transfer.asset] = arriving.get(transfer.asset, 0) + transfer.amount
            if transfer.source == account:
                leaving[transfer.asset] = leaving.get(transfer.asset, 0) + transfer.amount
        return arriving, leaving

    def shown(self, account: AccountId, assets: list[Asset]) -> str:
        """`{"BTC":{"available":"1","freeze":"0"},...}`."""
        return "{" + ",".join(self.one(asset, *self._view.balance(account, asset.id)) for asset in assets) + "}"

    @staticmethod
    def one(asset: Asset, available: int, held: int) -> str:
        """A member of that object."""
        return f'"{asset.code}":{{"available":"{asset.shown(available)}","freeze":"{asset.shown(held)}"}}'

    async def records(self, record_filter: RecordFilter) -> list[str]:
        """Newest first. An entry that carries a fee is two records, as in the ancestor: the trade, and after it the fee."""
        skip, texts = record_filter.offset, list[str]()
        page = Page(since=record_filter.since, until=record_filter.until, limit=CHUNK)
        asset = None if record_filter.asset is None else record_filter.asset.id
        business = None
        if record_filter.business:
            business = int(Business.TRADE if record_filter.business == TRADE else Business.TRANSFER)
        while True:
            entries = await self._history.entries(record_filter.account, page, asset=asset, business=business)
            for entry in entries:
                for text in self._records(entry, record_filter.business):
                    if skip:
                        skip -= 1
                    else:
                        texts.append(text)
                        if len(texts) == record_filter.limit:
                            return texts
            if len(entries) < CHUNK:
                return texts
            page = replace(page, last_id=entries[-1].id - 1)

    def _records(self, entry: LedgerEntry, business: str) -> Iterator[str]:
        """Newest first. What moves between available and frozen changes no balance, so it is no record."""
        if not entry.change:
            return
        if entry.business == Business.TRADE:
            yield from self._trade(entry)
        elif entry.business == Business.TRANSFER:
            name = BUSINESSES.get(TransferKind(entry.kind), "transfer")
            if not business or business == name:
                detail = f'{{"timestamp_action_id":{entry.time // 1_000_000},"id":{entry.id}}}'
                yield self._record(entry, name, detail, entry.change, entry.balance)

    def _trade(self, entry: LedgerEntry) -> Iterator[str]:
        market = self._markets[entry.market]
        about = f'"m":"{market.name}","i":{entry.order_id},"p":"{market.price(entry.price)}","a":"{market.amount(entry.amount)}"'
        fee = entry.fee if entry.leg in (Leg.BUYER_RECEIVES, Leg.SELLER_RECEIVES) else 0
        if fee:
            detail = f'{{{about},"f":"{rate_text(entry.ppm)}"}}'
            yield self._record(entry, TRADE, detail, -fee, entry.balance)
        yield self._record(entry, TRADE, f"{{{about}}}", entry.change + fee, entry.balance + fee)

    def _record(self, entry: LedgerEntry, business: str, detail: str, change: int, balance: int) -> str:
        asset = self._markets.asset(entry.asset)
        return (
            f'{{"business":{msgspec.json.encode(business).decode()},"detail":{detail},"asset":"{asset.code}","time":{time_text(entry.time)},'
            f'"balance":"{asset.exact(balance)}","change":"{asset.exact(change)}"}}'
        )
