"""v3.1 and v3.2: what an account has, owes, did and pays."""

from collections.abc import Awaitable, Sequence
from typing import Any

from cambist.dialects.btse import errors, windows
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.records import OrderRecords
from cambist.dialects.btse.render import ZERO, encode, millis, number, units
from cambist.dialects.btse.symbols import Market, shown
from cambist.dialects.btse.v3.orders import IDS, TAGS
from cambist.dialects.btse.v3.rows import Rows
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId
from cambist.history.port import Page
from cambist.history.records import Fill, Transfer, TransferStatus

PPM_DECIMALS = 6


class V3Account:
    """Balances, histories, fees."""

    def __init__(self, context: DialectContext, records: OrderRecords, rows: Rows) -> None:
        self._write = rows
        self._context = context
        self._symbols = context.symbols
        self._clock = context.services.clock
        self._view = context.services.view
        self._records = records

    def _market(self, fields: Fields) -> Market | Rejection | None:
        """The market that `symbol` names, None when it is not given."""
        symbol = fields.text("symbol")
        market = self._symbols.find(symbol) if symbol else None
        if fields.rejection or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        return market

    def wallet(self, caller: Caller, _fields: Fields) -> bytes:
        """Every asset of the venue; `total` has what orders hold too."""
        rows = []
        for spec in self._symbols.assets():
            available, held = self._view.balance(caller.account, spec.id)
            rows.append(
                {"available": number(shown(spec, available)), "currency": spec.code, "total": number(shown(spec, available + held))}
            )
        return encode(rows)

    def fees(self, caller: Caller, fields: Fields) -> Answer:
        """Rates as fractions, a row a market."""
        chosen = self._market(fields)
        if isinstance(chosen, Rejection):
            return chosen
        rows = []
        for market in [chosen] if chosen else self._symbols.all():
            maker, taker = self._view.account_fees(caller.account, market.id)
            rows.append({"makerFee": units(maker, PPM_DECIMALS), "symbol": market.symbol, "takerFee": units(taker, PPM_DECIMALS)})
        return encode(rows)

    async def open_orders(self, caller: Caller, fields: Fields) -> Answer:
        """Oldest first; `orderID`, or else `clOrderID`, picks."""
        market = self._market(fields)
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        if isinstance(market, Rejection) or fields.checked():
            return market if isinstance(market, Rejection) else fields.rejection or errors.SYMBOL_UNKNOWN
        if uuid or tag:
            orders = self._records.own_live(caller.account, market, uuid, tag)
        else:
            orders = self._records.live_orders(caller.account, market)
        return encode([self._write.open(record) for record in await self._records.live(orders)])

    async def trade_history(self, caller: Caller, fields: Fields) -> Answer:
        """The account's trades, newest first, of seven days at most; by serial id of all times."""
        market = self._market(fields)
        page = windows.page(fields, self._clock(), windows.OWN_TRADES)
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        for problem in (market, page, fields.checked("wallet", "includeOld", "isMatchSymbol")):
            if isinstance(problem, Rejection):
                return problem
        assert isinstance(page, Page)
        assert not isinstance(market, Rejection)
        await self._context.history_caught_up()
        history = self._context.services.history
        market_id = market.id if market else None
        if uuid:
            order = await self._records.find(caller.account, uuid, "")
            if order is None or (market is not None and order.market.id != market.id):
                return b"[]"
            fills = await history.fills_of_order(order.id, page)
        else:
            fills = await history.fills(caller.account, page, market=market_id, tag=tag or None)
        return encode(await self._trade_rows(caller, fills))

    async def _trade_rows(self, caller: Caller, fills: Sequence[Fill]) -> list[dict[str, Any]]:
        orders = {record.id: record for record in await self._records.by_id(sorted({fill.order_id for fill in fills}))}
        name = self._username(caller.account)
        return [self._write.trade(fill, orders[fill.order_id], name) for fill in fills]

    def _username(self, account: AccountId) -> str:
        user = self._context.services.directory.user_by_account(account)
        return user.name if user is not None else ""

    def wallet_history(self, caller: Caller, fields: Fields) -> Answer | Awaitable[Answer]:
        """Money that came in, went out or changed hands without a trade, newest first."""
        code = fields.text("currency")
        asset = self._symbols.asset(code) if code else None
        page = windows.page(fields, self._clock(), windows.TRADES)
        if isinstance(page, Rejection):
            return page
        if fields.checked("wallet", "useNewSymbolNaming") or (code and asset is None):
            return fields.rejection or errors.invalid("currency")
        return self._transfers(caller.account, page, asset.id if asset else None)

    async def _transfers(self, account: AccountId, page: Page, asset: AssetId | None) -> Answer:
        await self._context.history_caught_up()
        name = self._username(account)
        transfers = await self._context.services.history.transfers(account, page, asset=asset)
        return encode([self._transfer_row(account, transfer, name) for transfer in transfers])

    def _transfer_row(self, account: AccountId, transfer: Transfer, username: str) -> dict[str, Any]:
        spec = self._symbols.assets()[transfer.asset]
        kind = transfer_type(account, transfer)
        return {
            "amount": number(shown(spec, transfer.amount)),
            "currency": spec.code,
            "description": kind.replace("_", " "),
            "fees": ZERO,
            "orderId": str(transfer.source_entry),
            "status": transfer_status(transfer),
            "timestamp": millis(transfer.created),
            "type": kind,
            "username": username,
            "wallet": "@SPOT",
            "txid": str(transfer.memo.get("txid", "")),
            "currencyNetwork": spec.code,
        }


def transfer_type(account: AccountId, transfer: Transfer) -> str:
    """A transfer from the account's side, in this API's words."""
    incoming = transfer.destination == account
    if transfer.kind == TransferKind.DEPOSIT:
        return "Deposit"
    if transfer.kind == TransferKind.WITHDRAWAL:
        return "Withdraw"
    if transfer.kind in (TransferKind.COUPON_CREATE, TransferKind.COUPON_REDEEM):
        return "token voucher in" if incoming else "token voucher out"
    return "Transfer_In" if incoming else "Transfer_Out"


def transfer_status(transfer: Transfer) -> str:
    if transfer.status == TransferStatus.VOIDED:
        return "CANCELLED"
    if transfer.status == TransferStatus.PENDING:
        return "PENDING"
    on_its_way = transfer.kind == TransferKind.WITHDRAWAL and not transfer.settled
    return "PROCESSING" if on_its_way else "COMPLETED"
