"""The coin port: what the service asks of the outside world's coin networks.

Assets go by their code ("BTC"), amounts as plain decimal text in coins ("0.125"): a node knows neither our asset numbers nor our atoms.
Adapters: `simulated.SimulatedChain`; nodes of real networks implement the same protocol.
"""

from dataclasses import dataclass
from typing import Protocol


class CoinPortUnavailable(Exception):
    """The node cannot be reached just now. The service asks again later; nothing is lost by it."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One output that pays an address of ours. `(asset, txid, output)` names it for ever; `cursor` is where to go on reading."""

    cursor: str
    asset: str
    txid: str
    output: int
    address: str
    amount: str


@dataclass(frozen=True, slots=True)
class Broadcast:
    """The network has the transaction."""

    txid: str


@dataclass(frozen=True, slots=True)
class SendRejected:
    """The network or the node will never send this one: the money goes back."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChainOutput:
    """One payment of a transaction. Whose the address is, no network knows."""

    index: int
    address: str
    amount: str


@dataclass(frozen=True, slots=True)
class ChainTransaction:
    """A transaction as the network shows it to anybody. `block` is empty and `height` 0 while it waits for its block; `seen` in µs."""

    txid: str
    seen: int
    block: str
    height: int
    confirmations: int
    outputs: tuple[ChainOutput, ...]


@dataclass(frozen=True, slots=True)
class ChainBlock:
    """A block, its time in µs, and those of its transactions that the node knows, in the order in which they were seen."""

    block: str
    height: int
    time: int
    previous: str
    txids: tuple[str, ...]


class CoinPort(Protocol):
    """Every method may raise CoinPortUnavailable."""

    def serves(self, asset: str) -> bool:
        """Whether the asset has a network here. Money of states has none: no addresses, no withdrawals."""

    def new_address(self, asset: str, label: str) -> str:
        """An address of ours. The same label gives the same address, so that a retry makes no second one."""

    def valid_address(self, asset: str, text: str) -> bool:
        """Whether the text is an address of that asset's network, checksum included."""

    def send(self, asset: str, address: str, amount: str, reference: str) -> Broadcast | SendRejected | None:
        """Sends once per reference: asked again, it answers what became of the first time. None: under way, ask again.

        `amount` is what arrives; the network's own fee is the node's matter.
        """

    def cancel(self, reference: str) -> bool:
        """Promises never to send that reference. False when it was sent already or is under way."""

    def incoming(self, after: str) -> list[Incoming]:
        """Outputs to our addresses that were seen after that cursor ("": from the beginning), in a fixed order, at most 1,000."""

    def confirmations(self, asset: str, txid: str) -> int | None:
        """Blocks on top of the transaction, the first included; 0 while it waits for one; None when it can never confirm."""

    def transaction(self, asset: str, txid: str) -> ChainTransaction | None:
        """The transaction of that id; None when the node knows none, or it can never confirm."""

    def block(self, asset: str, block: str | int) -> ChainBlock | None:
        """The block of that id or height; None when there is none (yet)."""

    def payments_to(self, asset: str, address: str) -> list[ChainTransaction]:
        """Transactions that paid the address, oldest first, the newest 100. An address never paid has none, whoever has it."""
