"""Money movements that no order makes, through the sequencer."""

from cambist._core import WORLD, Engine, Outcome
from cambist.domain.meta import Meta
from cambist.domain.orders import RejectReason, TransferKind
from cambist.exchange.sequencer import Sequencer

NO_META = Meta()


class Funds:
    """Each call applies one command at once. Amounts are atoms; a transfer id that was used is refused, so a retry is harmless."""

    def __init__(self, engine: Engine, sequencer: Sequencer) -> None:
        self._engine = engine
        self._sequencer = sequencer

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
        meta: Meta = NO_META,
    ) -> Outcome:
        """Moves money at once, or holds it at the source (`pending`) until `post` or `void`. Outcome.id: the source's ledger entry."""
        if not self._sequencer.has_space:
            return Outcome.refused(RejectReason.JOURNAL_FULL, self._engine.seq)
        time = self._sequencer.stamp()
        return self._sequencer.committed(
            self._engine.transfer(time, transfer_id, source, destination, asset, kind, 1 if pending else 0, amount, meta.encode())
        )

    def post(self, transfer_id: int, meta: Meta = NO_META) -> Outcome:
        time = self._sequencer.stamp()
        return self._sequencer.committed(self._engine.post_transfer(time, transfer_id, meta.encode()))

    def void(self, transfer_id: int, meta: Meta = NO_META) -> Outcome:
        time = self._sequencer.stamp()
        return self._sequencer.committed(self._engine.void_transfer(time, transfer_id, meta.encode()))

    def deposit(self, transfer_id: int, account: int, asset: int, amount: int, meta: Meta = NO_META) -> Outcome:
        """Credits `account` from the outside world."""
        return self.transfer(transfer_id, WORLD, account, asset, TransferKind.DEPOSIT, amount, meta=meta)
