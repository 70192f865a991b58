"""`/public-api/wallet/v1/user`: what an account has, and money that came, went or changed hands without a trade."""

from typing import Any

import msgspec

from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.render import millis
from cambist.dialects.btse.symbols import shown
from cambist.dialects.btse.unified.envelope import enveloped
from cambist.dialects.btse.v3.account import transfer_status
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId
from cambist.history.port import Page
from cambist.history.records import Transfer

FIAT = frozenset({"USD", "EUR", "GBP", "JPY", "CNY", "CNH", "RUR", "RUB", "PLN", "AUD", "SEK", "CAD", "CHF"})
ACTIONS = ("DEPOSIT", "WITHDRAW", "SEND_TO")
DEFAULT_PAGE, MAX_PAGE = 50, 500
PAGES = 20
"""Pages of history that are read for one answer at most: a filter may leave little of each."""
KINDS = {"DEPOSIT": TransferKind.DEPOSIT, "WITHDRAW": TransferKind.WITHDRAWAL}
TYPES = frozenset({*KINDS, "SEND", "RECEIVE", "TRANSFER_IN", "TRANSFER_OUT"})


class UnifiedWallet:
    """What a key with the right to read may ask."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._symbols = context.symbols
        self._view = context.services.view
        self._clock = context.services.clock

    def assets(self, caller: Caller, fields: Fields) -> Answer:
        """Every asset of the venue, or `asset` alone; the total has what orders hold too."""
        code = fields.text("asset")
        chosen = self._symbols.asset(code) if code else None
        if fields.checked() or (code and chosen is None):
            return fields.rejection or errors.invalid("asset")
        rows = []
        for spec in [chosen] if chosen else self._symbols.assets():
            available, held = self._view.balance(caller.account, spec.id)
            fiat = spec.code in FIAT
            networks = [] if fiat else [spec.code]
            rows.append(
                {
                    "asset": spec.code,
                    "type": "FIAT" if fiat else "CRYPTO",
                    "totalAmount": shown(spec, available + held),
                    "availableAmount": shown(spec, available),
                    "availableActions": ACTIONS,
                    "cryptoNetwork": {"depositNetworks": networks, "withdrawalNetworks": networks},
                }
            )
        return enveloped(rows, self._clock())

    async def history(self, caller: Caller, fields: Fields) -> Answer:
        """Newest first, of one asset: `startTime`, `endTime`, `page` (from 1), `pageSize`, and `historyTypes`, a JSON array."""
        wanted, code = self._types(fields), fields.text("asset")
        asset = self._symbols.asset(code) if code else None
        start, end = fields.moment("startTime"), fields.moment("endTime")
        size, number = fields.whole("pageSize", MAX_PAGE) or DEFAULT_PAGE, fields.whole("page", PAGES) or 1
        if fields.word("walletType", default="SPOT") != "SPOT":
            return errors.invalid("walletType")
        if fields.checked("walletName") or isinstance(wanted, Rejection) or asset is None:
            missing = errors.invalid("asset") if code else errors.ASSET_MISSING
            return fields.rejection or (wanted if isinstance(wanted, Rejection) else missing)
        await self._context.history_caught_up()
        since, until = (start * 1_000 if start else None), (end * 1_000 + 999 if end else None)
        transfers = await self._found(caller.account, asset.id, wanted, since, until, size * number)
        return enveloped([self._row(caller.account, transfer) for transfer in transfers[size * (number - 1) :]], self._clock())

    def _types(self, fields: Fields) -> frozenset[str] | Rejection:
        text = fields.text("historyTypes")
        if not text:
            return frozenset()
        try:
            named = frozenset(msgspec.json.decode(text, type=list[str]))
        except (ValueError, RecursionError):
            named = frozenset(text.split(","))
        return named if all(len(name) <= 64 for name in named) else errors.invalid("historyTypes")

    async def _found(
        self, account: AccountId, asset: AssetId, wanted: frozenset[str], since: int | None, until: int | None, most: int
    ) -> list[Transfer]:
        """The newest `most` of those types (none named: of all)."""
        history = self._context.services.history
        kind = KINDS.get(next(iter(wanted))) if len(wanted) == 1 else None
        found: list[Transfer] = []
        last: int | None = None
        for _ in range(PAGES):
            page = Page(last_id=last, since=since, until=until, limit=MAX_PAGE)
            rows = await history.transfers(account, page, asset=asset, kind=kind)
            found += [row for row in rows if not wanted or transfer_type(account, row) in wanted]
            if len(rows) < MAX_PAGE or len(found) >= most:
                break
            last = rows[-1].source_entry - 1
        return found[:most]

    def _row(self, account: AccountId, transfer: Transfer) -> dict[str, Any]:
        spec = self._symbols.assets()[transfer.asset]
        amount = shown(spec, transfer.amount)
        kind = transfer_type(account, transfer)
        return {
            "transactionTime": millis(transfer.created),
            "type": kind,
            "walletName": "SPOT@",
            "asset": spec.code,
            "netAmount": amount,
            "amount": amount,
            "transactionRef": str(transfer.source_entry),
            "status": transfer_status(transfer),
            "description": None,
            "fees": "0",
            "cryptoNetwork": spec.code if kind in KINDS and spec.code not in FIAT else "",
            "toAddress": str(transfer.memo.get("address", "")),
            "confirmTimes": "",
            "txId": str(transfer.memo.get("txid", "")),
        }


def transfer_type(account: AccountId, transfer: Transfer) -> str:
    """A transfer from the account's side, in the unified API's words."""
    incoming = transfer.destination == account
    if transfer.kind == TransferKind.DEPOSIT:
        return "DEPOSIT"
    if transfer.kind == TransferKind.WITHDRAWAL:
        return "WITHDRAW"
    if transfer.kind in (TransferKind.COUPON_CREATE, TransferKind.COUPON_REDEEM):
        return "RECEIVE" if incoming else "SEND"
    return "TRANSFER_IN" if incoming else "TRANSFER_OUT"
