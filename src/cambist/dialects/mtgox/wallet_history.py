"""`wallet/history`: the ledger entries of one currency, a row for each leg, newest first, fifty a page."""

from dataclasses import replace
from datetime import UTC, datetime

from cambist import _core
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.call import Call, MethodGroup
from cambist.dialects.mtgox.currencies import Currency
from cambist.dialects.mtgox.parse import whole
from cambist.dialects.mtgox.replies import Answer, Result, invalid
from cambist.dialects.mtgox.trades import properties, trade_uuid
from cambist.domain.orders import Side
from cambist.domain.trades import Appearance
from cambist.domain.transfers import Business, TransferKind
from cambist.domain.units import AccountId
from cambist.history.port import Page
from cambist.history.records import LedgerEntry, Leg

PAGE_ROWS = 50
CHUNK = 1_000
MAX_ENTRIES = 10_000
"""Ledger entries that one call looks through, newest first."""
TYPES = frozenset(("deposit", "withdraw", "fee", "in", "out", "earned", "spent"))
LAST_SECOND = (1 << 63) // SECOND - 2


class Row:
    """One leg: its type, what it moved (atoms, never negative) and the balance after it."""

    __slots__ = ("amount", "balance", "entry", "index", "type")

    def __init__(self, entry: LedgerEntry, index: int, kind: str, amount: int, balance: int) -> None:
        self.entry = entry
        self.index = index
        self.type = kind
        self.amount = amount
        self.balance = balance


def rows_of(entry: LedgerEntry) -> list[Row]:
    """The rows of a ledger entry, newest first. Holding and releasing money move none.

    What a trade brings is booked net of its fee; here it is two rows, the whole and the fee.
    """
    moved, balance, index = entry.change, entry.balance, 2 * entry.id
    if entry.business == Business.TRADE:
        if entry.leg in (Leg.BUYER_RECEIVES, Leg.SELLER_RECEIVES):
            kind = "in" if entry.leg == Leg.BUYER_RECEIVES else "earned"
            whole_row = Row(entry, index, kind, moved + entry.fee, balance + entry.fee)
            return [Row(entry, index + 1, "fee", entry.fee, balance), whole_row] if entry.fee else [whole_row]
        return [Row(entry, index, "spent" if entry.leg == Leg.BUYER_PAYS else "out", -moved, balance)]
    if moved == 0:
        return []
    if entry.kind == TransferKind.WITHDRAWAL:
        return [Row(entry, index, "withdraw", abs(moved), balance)]
    if entry.kind == TransferKind.DEPOSIT:
        return [Row(entry, index, "deposit", abs(moved), balance)]
    return [Row(entry, index, "deposit" if moved > 0 else "withdraw", abs(moved), balance)]


def day_or_second(text: str) -> int | None:
    """Unix seconds, or a date (`2013-04-15`, with a time or without, UTC), as unix seconds; None for all else."""
    number = whole(text)
    if number is not None:
        return number if number <= LAST_SECOND else None
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    return None


class WalletHistory(MethodGroup):
    def history(self, call: Call) -> Answer:
        """Rows of `currency`, filtered by `type`, `date_start`, `date_end` and `trade_id`, page `page` of them."""
        currency = self.instruments.currency(call.text("currency")) if call.text("currency") else None
        if currency is None:
            return invalid("currency", "should be a known currency")
        kind, page = call.text("type"), whole(call.text("page") or "1")
        if kind and kind not in TYPES:
            return invalid("type")
        if not page:
            return invalid("page")
        bounds = []
        for name in ("date_start", "date_end"):
            text = call.text(name)
            second = day_or_second(text) if text else None
            if text and second is None:
                return invalid(name)
            bounds.append(second)
        tid = call.text("trade_id")
        if tid and whole(tid) is None:
            return invalid("trade_id")
        span = Page(
            since=None if bounds[0] is None else bounds[0] * SECOND,
            until=None if bounds[1] is None else bounds[1] * SECOND + SECOND - 1,
            limit=CHUNK,
        )
        return self._history(call.signed.account, currency, kind, span, whole(tid) if tid else None, page)

    async def _history(self, account: AccountId, currency: Currency, kind: str, span: Page, tid: int | None, page: int) -> Result:
        await self.context.history_caught_up()
        trade_id = None
        if tid is not None:
            trade = await self.services.history.trade_at(tid) if tid < 1 << 63 else None
            trade_id = trade.id if trade is not None else 0
        rows: list[Row] = []
        seen = 0
        while trade_id != 0 and seen < MAX_ENTRIES:
            entries = await self.services.history.entries(account, span, asset=currency.asset, trade_id=trade_id)
            rows += [row for entry in entries for row in rows_of(entry) if not kind or row.type == kind]
            seen += len(entries)
            if len(entries) < CHUNK:
                break
            span = replace(span, last_id=entries[-1].id - 1)
        first = (page - 1) * PAGE_ROWS
        return {
            "records": str(len(rows)),
            "result": [self._row(currency, row) for row in rows[first : first + PAGE_ROWS]],
            "current_page": page,
            "max_page": max(1, -(-len(rows) // PAGE_ROWS)),
            "max_results": PAGE_ROWS,
        }

    def _row(self, currency: Currency, row: Row) -> dict[str, object]:
        entry = row.entry
        row_entry: dict[str, object] = {
            "Index": str(row.index),
            "Date": entry.time // SECOND,
            "Type": row.type,
            "Value": currency.of_atoms(row.amount),
            "Balance": currency.of_atoms(row.balance),
            "Info": self._info(currency, row),
            "Link": self._link(entry),
        }
        pair = self.instruments.of_market(entry.market) if entry.business == Business.TRADE else None
        if pair is not None:
            row_entry["Trade"] = {
                "oid": ids.make(ids.ORDER, entry.order_id),
                "app": None,
                "tid": str(entry.trade_time),
                "Amount": pair.item.value(pair.amount_int(entry.amount)),
                "Properties": properties(entry.taker_market, entry.appearance),
            }
        return row_entry

    def _info(self, currency: Currency, row: Row) -> str:
        """`BTC bought: [tid:1366034751500724] 0.00010789 BTC at $97.96898 (0.6% fee)`, or what else happened. Behind the price of a trade
        between two currencies stands the other side's: `at 5.13724 € (converted from $5.56000)`."""
        entry = row.entry
        if entry.business == Business.TRADE:
            pair = self.instruments.of_market(entry.market)
            if pair is None:
                return f"Trade {entry.trade_time}"
            done = "bought" if entry.side == Side.BUY else "sold"
            amount = pair.item.value(pair.amount_int(entry.amount))["display"]
            price = pair.currency.value(pair.price_int(entry.price))["display"]
            fee = f" ({_core.format_units(entry.ppm, 4)}% fee)"
            return f"{pair.item.code} {done}: [tid:{entry.trade_time}] {amount} at {price}{self._conversion(entry)}{fee}"
        match entry.kind:
            case TransferKind.DEPOSIT:
                return f"{currency.code} deposit {entry.memo.get('txid', '')}".rstrip()
            case TransferKind.WITHDRAWAL:
                return f"{currency.code} withdraw to {entry.memo.get('address', '')}".rstrip()
            case TransferKind.MERCHANT:
                return "Merchant payment"
            case TransferKind.COUPON_CREATE | TransferKind.COUPON_REDEEM:
                return "Coupon"
            case _:
                return f"{currency.code} transfer"

    def _conversion(self, entry: LedgerEntry) -> str:
        """Of a trade between two currencies, what the other side saw: ` (converted from $5.56000)`."""
        other = self.instruments.of_market(entry.counter_market) if Appearance(entry.appearance).is_converted else None
        return f" (converted from {other.currency.value(other.price_int(entry.counter_price))['display']})" if other is not None else ""

    def _link(self, entry: LedgerEntry) -> list[str]:
        """[uuid, class, reference] of what caused the row."""
        if entry.business == Business.TRADE:
            pair = self.instruments.of_market(entry.market)
            name = pair.name if pair is not None else ""
            return [trade_uuid(entry.reference), "Money_Trade", f"{name}:{entry.trade_time}"]
        reference = f"{entry.transfer_id:032x}"
        kinds = {TransferKind.DEPOSIT: "Money_Bitcoin_Block_Tx_Out", TransferKind.WITHDRAWAL: "Money_Bitcoin_Tx"}
        kinds[TransferKind.MERCHANT] = "Money_Merchant_Payment"
        kind = kinds.get(TransferKind(entry.kind), "Money_Transfer")
        return [ids.of_words("transfer", reference), kind, str(entry.memo.get("txid", reference))]
