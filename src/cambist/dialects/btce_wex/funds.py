"""`CoinDepositAddress`, `WithdrawCoin`, `CreateCoupon`, `RedeemCoupon`: money in and out."""

from functools import partial

from cambist import _core
from cambist.dialects.btce_wex import errors, ids
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.context import MethodGroup
from cambist.dialects.btce_wex.coupons import MAX_CODE_LENGTH, RANDOM_BYTES, new_code
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.pairs import Asset
from cambist.dialects.btce_wex.parse import U64_MAX
from cambist.dialects.btce_wex.render import quoted_text, succeeded
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange.commands import destination_entry
from cambist.exchange.coupons import ANYBODY, CouponRejection
from cambist.wallet import WalletRejection

COIN_NAMES = ("coinName", "currency")
"""BTC-e says `currency` for coupons, WEX `coinName`; clients of one send it to the other, so both are read."""

WALLET_REJECTIONS = {
    WalletRejection.ASSET_UNKNOWN: errors.invalid_parameter("coinName"),
    WalletRejection.NO_NETWORK: errors.invalid_parameter("coinName"),
    WalletRejection.ADDRESS_INVALID: errors.ADDRESS_INVALID,
    WalletRejection.AMOUNT_TOO_SMALL: errors.invalid_parameter("amount"),
    WalletRejection.AMOUNT_TOO_FINE: errors.invalid_parameter("amount"),
}


class Funds(MethodGroup):
    def _asset(self, caller: Caller) -> Asset | None:
        text = next((caller.fields[name] for name in COIN_NAMES if name in caller.fields), "")
        return self.context.assets.find(text) if text else None

    def _amount(self, caller: Caller, asset: Asset) -> int | None:
        """The field `amount` in atoms, None when it is no amount above zero or has more decimals than are shown."""
        shown = _core.client_units(caller.fields.get("amount", ""), asset.display_scale)
        return asset.atoms(shown) if shown is not None and 0 < shown <= U64_MAX else None

    async def coin_deposit_address(self, caller: Caller) -> bytes:
        """The account's address for a coin, if one was generated before: this method does not make new ones."""
        asset = self._asset(caller)
        if asset is None:
            return error_body(errors.invalid_parameter("coinName"))
        address = self.services.wallet.address_of(caller.account, asset.id)
        if address is None:
            return error_body(errors.NO_ADDRESS)
        return succeeded(f'{{"address":{quoted_text(address)}}}')

    async def withdraw_coin(self, caller: Caller) -> bytes:
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
        result = await self.services.wallet.request_withdrawal(caller.account, asset.id, amount, address, meta=caller.meta())
        if isinstance(result, WalletRejection):
            return error_body(WALLET_REJECTIONS.get(result, errors.UNAVAILABLE))
        if result.code == RejectReason.INSUFFICIENT_FUNDS:
            return error_body(errors.not_enough(asset.code, "withdraw"))
        if result.code != RejectReason.OK:
            return error_body(errors.UNAVAILABLE)
        return succeeded(f'{{"tId":{ids.shown(result.id)},"amountSent":{asset.shown(amount)},"funds":{self.funds(caller)}}}')

    async def create_coupon(self, caller: Caller) -> bytes:
        """Turns money into a code; `receiver` names the only user who may redeem it, without it everybody may."""
        asset = self._asset(caller)
        if asset is None:
            return error_body(errors.invalid_parameter("coinName" if "coinName" in caller.fields else "currency"))
        amount = self._amount(caller, asset)
        if amount is None:
            return error_body(errors.invalid_parameter("amount"))
        receiver = ANYBODY
        if "receiver" in caller.fields:
            user = self.services.directory.user(caller.fields["receiver"])
            if user is None:
                return error_body(errors.invalid_parameter("receiver"))
            receiver = user.account
        coupons, account = self.context.coupons, caller.account
        if self.context.coupon_limit.admit("coupons", account=account):
            return error_body(errors.TOO_MANY_COUPONS)
        code = new_code(caller.key.dialect, asset.code, coupons.draw(caller.key.id, caller.nonce, RANDOM_BYTES))
        done = await coupons.create(
            account, asset.id, amount, code, receiver=receiver, meta=caller.meta(), read=partial(self.assets.funds, account)
        )
        if done.outcome.code == RejectReason.OK:
            return succeeded(f'{{"coupon":"{code}","transID":{ids.shown(done.outcome.id)},"funds":{done.read}}}')
        if done.outcome.code == RejectReason.INSUFFICIENT_FUNDS:
            return error_body(errors.not_enough(asset.code, "coupon"))
        return error_body(errors.UNAVAILABLE)

    async def redeem_coupon(self, caller: Caller) -> bytes:
        """Turns a code into money, once. Codes of both forms are taken, whatever the key; case and dashes do not count."""
        code = caller.fields.get("coupon", "")
        if not code:
            return error_body(errors.invalid_parameter("coupon"))
        if len(code) > MAX_CODE_LENGTH:
            return error_body(errors.COUPON_INVALID)
        coupons, account = self.context.coupons, caller.account
        coupon = await coupons.find(code, self.services.history)
        if coupon is None:
            return error_body(errors.COUPON_INVALID)
        done = await coupons.redeem(account, coupon, meta=caller.meta(), read=partial(self.assets.funds, account))
        if isinstance(done, CouponRejection):
            return error_body(errors.COUPON_INVALID)
        if done.outcome.code == RejectReason.TRANSFER_ID_USED:
            return error_body(errors.COUPON_REDEEMED)
        if done.outcome.code != RejectReason.OK:
            return error_body(errors.UNAVAILABLE)
        asset = self.assets[coupon.asset]
        return succeeded(
            f'{{"couponAmount":"{asset.shown(coupon.amount)}","couponCurrency":"{asset.code}",'
            f'"transID":{ids.shown(destination_entry(done.outcome))},"funds":{done.read}}}'
        )
