"""The coin network as a process has it that runs no node: it knows how addresses look, and what only a node can do is not to be had."""

from typing import NoReturn

from .addresses import FORMS
from .port import CoinPortUnavailable


class DistantNetwork:
    """A `CoinPort`. Withdrawals are asked for through it and sent by whoever has the node; new addresses are not to be had."""

    def serves(self, asset: str) -> bool:
        return asset in FORMS

    def valid_address(self, asset: str, text: str) -> bool:
        form = FORMS.get(asset)
        return form is not None and form.valid(text)

    def new_address(self, asset: str, label: str) -> NoReturn:
        raise _unavailable()

    def send(self, asset: str, address: str, amount: str, reference: str) -> NoReturn:
        raise _unavailable()

    def cancel(self, reference: str) -> NoReturn:
        raise _unavailable()

    def incoming(self, after: str) -> NoReturn:
        raise _unavailable()

    def confirmations(self, asset: str, txid: str) -> NoReturn:
        raise _unavailable()

    def transaction(self, asset: str, txid: str) -> NoReturn:
        raise _unavailable()

    def block(self, asset: str, block: str | int) -> NoReturn:
        raise _unavailable()

    def payments_to(self, asset: str, address: str) -> NoReturn:
        raise _unavailable()


def _unavailable() -> CoinPortUnavailable:
    return CoinPortUnavailable("the coin network is asked by the node that leads")
