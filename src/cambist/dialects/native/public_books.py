"""The venue's books, added up anew for whoever asks, but not more often than they can be without anybody else waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from cambist import _core
from cambist.api_types.books import AssetBooks, BalanceSheet
from cambist.dialects.native.listings import atoms_text
from cambist.domain.units import AccountId, AssetId
from cambist.exchange.view import View

SHARE = 1_000
"""The books are made again when they are so many times older than making them took: it then costs a thousandth of the loop's time."""


class PublicBooks:
    """`always`: they are made for each command, for a sandbox whose replies shall not depend on how fast its machine is."""

    def __init__(self, view: View, *, always: bool, timer: Callable[[], float] = perf_counter) -> None:
        self._view = view
        self._always = always
        self._timer = timer
        self._again_at = 0.0
        self._books: BalanceSheet | None = None

    def shown(self) -> BalanceSheet:
        """As of the last command, or of one a little before."""
        books, now = self._books, self._timer()
        if books is None or (books.sequence != self._view.seq and (self._always or now >= self._again_at)):
            books = self._books = books_of(self._view)
            done = self._timer()
            self._again_at = done + (done - now) * SHARE
        return books


def books_of(view: View) -> BalanceSheet:
    """The books of a state; every account is added up."""
    rows = []
    for spec, (world, available, held) in zip(view.assets(), view.totals(), strict=True):
        fees, withdrawals, coupons, conversion = (
            view.balance(account, spec.id) for account in (_core.FEES, _core.WITHDRAWALS, _core.COUPONS, _core.CONVERSION)
        )
        others = [view.balance(AccountId(account), AssetId(spec.id)) for account in range(1, _core.FIRST_USER_ACCOUNT)]
        users_held = held - sum(other[1] for other in others)
        users = available - sum(other[0] for other in others) + users_held
        amounts = {
            "users": users,
            "held": users_held,
            "fees": sum(fees),
            "withdrawals": sum(withdrawals),
            "coupons": sum(coupons),
            "conversion": sum(conversion),
            "world": world,
            "total": world + available + held,
        }
        rows.append(AssetBooks(asset=spec.code, **{name: atoms_text(atoms, spec) for name, atoms in amounts.items()}))
    return BalanceSheet(sequence=view.seq, time=view.time, state_hash=view.state_hash().hex(), assets=rows)
