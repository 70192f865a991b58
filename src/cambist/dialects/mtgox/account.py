"""`info`, `idkey`, `trades`, `currency`, `hotp_gen`: who one is, and what one did."""

import asyncio
import uuid

from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.auth import SCOPES
from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.currencies import BEFORE, NAMES, Currency
from cambist.dialects.mtgox.id_keys import IdKeys
from cambist.dialects.mtgox.replies import Answer, Rejection, Result, invalid, number
from cambist.dialects.mtgox.stream.channels import channel_id
from cambist.dialects.mtgox.trades import DAY, moment, own_trade
from cambist.directory import DirectoryRejection, draw_hotp_key
from cambist.domain.state_parts import Serial
from cambist.domain.transfers import Business
from cambist.domain.units import AccountId, MarketId
from cambist.history.port import Page

MONTH = 30 * DAY * SECOND
MAX_OWN_TRADES = 10_000
RIGHTS = ("get_info", "trade", "deposit", "withdraw", "merchant")
assert frozenset(RIGHTS) == SCOPES


class AccountMethods(MethodGroup):
    def __init__(self, context: DialectContext, id_keys: IdKeys) -> None:
        super().__init__(context)
        self._id_keys = id_keys
        self._drawn = Serial(context.services.state_parts, "mtgox/drawn keys")

    # --- info -------------------------------------------------------------------------------------------------------------

    async def info(self, call: Call) -> Result:
        """Who the account is, what the key may do, what is in every wallet."""
        caller = call.signed
        await self.context.history_caught_up()
        user = self.services.directory.user_by_account(caller.account)
        assert user is not None
        return {
            "Login": user.name,
            "Index": str(caller.account),
            "Id": ids.make(ids.USER, user.id),
            "Link": ids.make(ids.ACCOUNT, caller.account),
            "Rights": [right for right in RIGHTS if caller.key.permits(right)],
            "Language": "en_US",
            "Created": moment(user.created),
            # A signed call is a login.
            "Last_Login": moment(self.context.now()),
            "Wallets": await self._wallets(caller.account),
            "Monthly_Volume": await self._monthly_volume(caller.account),
            "Trade_Fee": self._fee(caller.account),
        }

    async def _wallets(self, account: AccountId) -> dict[str, object]:
        held = {balance.asset: balance for balance in self.view.balances(account)}
        wallets: dict[str, object] = {}
        for currency in self.instruments.currencies():
            balance = held.get(currency.asset)
            available, in_orders = (balance.available, balance.held) if balance else (0, 0)
            operations = 0
            if balance is not None:
                for business in (Business.TRADE, Business.TRANSFER):
                    operations += await self.services.history.entry_count(account, asset=currency.asset, business=business)
            wallets[currency.code] = {
                "Balance": currency.of_atoms(available + in_orders),
                "Operations": operations,
                "Daily_Withdraw_Limit": None,
                "Monthly_Withdraw_Limit": None,
                "Max_Withdraw": currency.of_atoms(available),
                "Open_Orders": currency.of_atoms(in_orders),
            }
        return wallets

    async def _monthly_volume(self, account: AccountId) -> object:
        """BTC traded in 30 days."""
        bitcoin, total = self.instruments.currency("BTC"), 0
        if bitcoin is None:
            return None
        for volume in await self.services.history.volumes(self.context.now() - MONTH, account=account):
            pair = self.instruments.of_market(volume.market)
            if pair is not None and pair.item.code == bitcoin.code:
                total += pair.amount_int(volume.volume)
        return bitcoin.value(total)

    def _fee(self, account: AccountId) -> object:
        """Percent that a taker pays; the dearest market's, where they differ."""
        rates = [self.view.account_fees(account, pair.market)[1] for pair in self.instruments.pairs()]
        return number(max(rates, default=0), 4)

    def id_key(self, call: Call) -> Answer:
        """The words that open the account's private channel, for 24 hours."""
        return self._id_keys.issue(call.signed.key)

    # --- trades -----------------------------------------------------------------------------------------------------------

    def trades(self, call: Call) -> Answer:
        """One's own trades, oldest first, without fees; the newest MAX_OWN_TRADES."""
        return self._trades(call.signed.account, call.pair.market if call.pair else None)

    async def _trades(self, account: AccountId, market: MarketId | None) -> Result:
        await self.context.history_caught_up()
        fills = await self.services.history.fills(account, Page(limit=MAX_OWN_TRADES), market=market)
        pairs = [(self.instruments.of_market(fill.market), fill) for fill in reversed(fills)]
        return [own_trade(pair, fill) for pair, fill in pairs if pair is not None]

    # --- public words -----------------------------------------------------------------------------------------------------

    def currency(self, call: Call) -> Answer:
        """How a currency is written."""
        code = call.text("currency") or (call.pair.currency.code if call.pair else "")
        found = self.instruments.currency(code) if code else None
        return currency_words(found) if found is not None else invalid("currency", "should be a known currency")

    async def hotp_gen(self, call: Call) -> Answer:
        """A new HOTP key. Signed, it is also kept for the account: its first good code makes it the account's second factor."""
        hotp = self.services.directory.hotp
        if call.caller is None:
            # Nothing is written for strangers: their key is drawn and forgotten.
            place = f"mtgox-hotp/{self._drawn()}"
            fresh = draw_hotp_key(lambda label, length: self.services.entropy(f"{place}/{label}", length))
            return {"name": str(uuid.UUID(bytes=fresh.name, version=4)), "key": fresh.secret}
        user = self.services.directory.user_by_account(call.caller.account)
        assert user is not None
        kept = await asyncio.to_thread(hotp.enrol, user)
        if isinstance(kept, DirectoryRejection):
            return Rejection(kept.words, "hotp_active")
        return {"name": str(uuid.UUID(bytes=kept.name, version=4)), "key": kept.secret}


def currency_words(currency: Currency) -> dict[str, object]:
    """`generic/currency`: numbers are texts, switches Y and N, as this API likes them."""
    code = currency.code
    words: dict[str, object] = {
        "currency": code,
        "name": NAMES.get(code, code),
        "symbol": BEFORE.get(code, code),
        "decimals": str(currency.scale),
        "display_decimals": "2",
        "symbol_position": "before" if code in BEFORE else "after",
        "virtual": "Y" if currency.virtual else "N",
    }
    if not currency.virtual:
        words["ticker_channel"] = channel_id(f"ticker.BTC{code}")
        words["depth_channel"] = channel_id(f"depth.BTC{code}")
    return words
