"""`CoinDepositAddress`, `WithdrawCoin`, `CreateCoupon`, `RedeemCoupon`: money in and out."""

from collections.abc import Awaitable

from cambist import _core
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.coupons import MAX_CODE_LENGTH, RANDOM_BYTES, new_code
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.pairs import Asset
from cambist.dialects.btce_wex.parse import U64_MAX
from cambist.dialects.btce_wex.render import quoted_text, succeeded
from cambist.dialects.btce_wex.venue import MethodGroup
from cambist.domain.orders import Reject
from cambist.exchange.coupons import ANYBODY, CouponRefusal
from cambist.wallet import WalletRefusal

COIN_NAMES = ("coinName", "currency")
"""BTC-e says `currency` for coupons, WEX `coinName`; clients of one send it to the other, so both are read."""

WALLET_REFUSALS = {
    WalletRefusal.ASSET_UNKNOWN: errors.invalid_parameter("coinName"),
    WalletRefusal.NO_NETWORK: errors.invalid_parameter("coinName"),
    WalletRefusal.ADDRESS_INVALID: errors.ADDRESS_INVALID,
    WalletRefusal.AMOUNT_TOO_SMALL: errors.invalid_parameter("amount"),
    WalletRefusal.AMOUNT_TOO_FINE: errors.invalid_parameter("amount"),
}


class Funds(MethodGroup):
    def _asset(self, caller: Caller) -> Asset | None:
        text = next((caller.fields[name] for name in COIN_NAMES if name in caller.fields), "")
        return self.venue.assets.find(text) if text else None

    def _amount(self, caller: Caller, asset: Asset) -> int | None:
        """The field `amount` in atoms, None when it is no amount above zero or has more decimals than are shown."""
        shown = _core.client_units(caller.fields.get("amount", ""), asset.display_scale)
        return asset.atoms(shown) if shown is not None and 0 < shown <= U64_MAX else None

    def coin_deposit_address(self, caller: Caller) -> bytes:
        """The account's address for a coin, if one was generated before: this method does not make new ones."""
        asset = self._asset(caller)
        if asset is None:
            return error_body(errors.invalid_parameter("coinName"))
        address = self.house.wallet.address_of(caller.account, asset.id)
        if address is None:
            return error_body(errors.NO_ADDRESS)
        return succeeded(f'{{"address":{quoted_text(address)}}}')

    def withdraw_coin(self, caller: Caller) -> bytes:
        """Asks for a withdrawal; `tId` is its row in TransHistory, `amountSent` what leaves the account, commission included."""
        asset = self._asset(caller)
        if asset is None:
            return error_body(errors.invalid_parameter("coinName"))
        amount = self._amount(caller, asset)
        if amount is None:
            return error_body(errors.invalid_parameter("amount"))
        address = caller.fields.get("address", "")
        if not address:
            return error_body(errors.invalid_parameter("address"))
        result = self.house.wallet.request_withdrawal(caller.account, asset.id, amount, address, meta=caller.meta())
        if isinstance(result, WalletRefusal):
            # The core was not asked, so no command took the nonce along.
            caller.journaled = False
            return error_body(WALLET_REFUSALS.get(result, errors.UNAVAILABLE))
        if result.code == Reject.INSUFFICIENT_FUNDS:
            return error_body(errors.not_enough(asset.code, "withdraw"))
        if result.code != Reject.OK:
            return error_body(errors.UNAVAILABLE)
        return succeeded(f'{{"tId":{result.id},"amountSent":{asset.shown(amount)},"funds":{self.funds(caller)}}}')

    def create_coupon(self, caller: Caller) -> bytes:
        """Turns money into a code; `receiver` names the only user who may redeem it, without it everybody may."""
        asset = self._asset(caller)
        if asset is None:
            return error_body(errors.invalid_parameter("coinName" if "coinName" in caller.fields else "currency"))
        amount = self._amount(caller, asset)
        if amount is None:
            return error_body(errors.invalid_parameter("amount"))
        receiver = ANYBODY
        if "receiver" in caller.fields:
            user = self.house.directory.user(caller.fields["receiver"])
            if user is None:
                return error_body(errors.invalid_parameter("receiver"))
            receiver = user.account
        coupons = self.venue.coupons
        code = new_code(caller.key.dialect, asset.code, coupons.draw(RANDOM_BYTES))
        outcome = coupons.create(caller.account, asset.id, amount, code, receiver=receiver, meta=caller.meta())
        if outcome.code == Reject.OK:
            return succeeded(f'{{"coupon":"{code}","transID":{outcome.id},"funds":{self.funds(caller)}}}')
        if outcome.code == Reject.INSUFFICIENT_FUNDS:
            return error_body(errors.not_enough(asset.code, "coupon"))
        return error_body(errors.UNAVAILABLE)

    def redeem_coupon(self, caller: Caller) -> bytes | Awaitable[bytes]:
        """Turns a code into money, once. Codes of both forms are taken, whatever the key; case and dashes do not count."""
        code = caller.fields.get("coupon", "")
        if not code:
            return error_body(errors.invalid_parameter("coupon"))
        if len(code) > MAX_CODE_LENGTH:
            return error_body(errors.COUPON_INVALID)
        return self._redeem(caller, code)

    async def _redeem(self, caller: Caller, code: str) -> bytes:
        coupons = self.venue.coupons
        coupon = await coupons.find(code, self.house.history)
        if coupon is None:
            return error_body(errors.COUPON_INVALID)
        outcome = coupons.redeem(caller.account, coupon, meta=caller.meta)
        if isinstance(outcome, CouponRefusal):
            return error_body(errors.COUPON_INVALID)
        if outcome.code == Reject.TRANSFER_ID_USED:
            return error_body(errors.COUPON_REDEEMED)
        if outcome.code != Reject.OK:
            return error_body(errors.UNAVAILABLE)
        asset = self.venue.assets[coupon.asset]
        return succeeded(
            f'{{"couponAmount":"{asset.shown(coupon.amount)}","couponCurrency":"{asset.code}",'
            f'"transID":{outcome.id},"funds":{self.funds(caller)}}}'
        )
