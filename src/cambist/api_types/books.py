"""The venue's books, as everybody may see them."""

from __future__ import annotations

from cambist.api_types.values import AssetCode, SignedDecimal, Time, Value


class AssetBooks(Value, frozen=True, kw_only=True):
    """Where all of an asset is. `users`: what the venue owes to its users, `held` of it in orders and withdrawals that wait.

    `fees`: what it earned. `withdrawals`: on its way out. `coupons`: made and not redeemed. `conversion`: what linked markets convert with.
    `world`: what came in from outside, negative. `total`: all of these together but `held`, which is a part of `users`: 0, or the books
    are wrong.
    """

    asset: AssetCode
    users: SignedDecimal
    held: SignedDecimal
    fees: SignedDecimal
    withdrawals: SignedDecimal
    coupons: SignedDecimal
    conversion: SignedDecimal
    world: SignedDecimal
    total: SignedDecimal


class BalanceSheet(Value, frozen=True, kw_only=True):
    """The books after the command `sequence` of the journal. Each account was added up for it.

    `state_hash`: of the whole state then (BLAKE3, 64 hex digits), as whoever replays the journal up to there finds it too.
    """

    sequence: int
    time: Time
    state_hash: str
    assets: list[AssetBooks]
