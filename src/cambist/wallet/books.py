"""What the service needs of the exchange. `exchange.Exchange` is it; so is any synchronous adapter on an Engine."""

from typing import TYPE_CHECKING, Protocol

from cambist.domain.meta import Meta
from cambist.domain.orders import TransferKind

if TYPE_CHECKING:
    from cambist._core import AssetSpec, Outcome, PendingTransfer

_NO_META = Meta()


class Funds(Protocol):
    """Money between accounts. Applied in the core at once; durable when the journal says so. `Outcome.code` is a `Reject`."""

    def transfer(
        self,
        transfer_id: int,
        source: int,
        destination: int,
        asset: int,
        kind: TransferKind,
        amount: int,
        *,
        pending: bool = False,
        meta: Meta = _NO_META,
    ) -> "Outcome": ...

    def post(self, transfer_id: int, meta: Meta = _NO_META) -> "Outcome": ...

    def void(self, transfer_id: int, meta: Meta = _NO_META) -> "Outcome": ...


class Reads(Protocol):
    """The core's reads that the service asks."""

    @property
    def seq(self) -> int: ...

    @property
    def accounts(self) -> int: ...

    def assets(self) -> "list[AssetSpec]": ...

    def pending_transfer(self, transfer_id: int, /) -> "PendingTransfer | None": ...

    def transfer_used(self, transfer_id: int, /) -> bool: ...


class Books(Protocol):
    """The exchange, as the service sees it."""

    @property
    def engine(self) -> Reads: ...

    @property
    def funds(self) -> Funds: ...

    def note(self, meta: Meta) -> "Outcome": ...
