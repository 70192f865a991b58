"""The one facade that everything above uses."""

from cambist._core import Engine, Outcome
from cambist.domain.meta import Meta
from cambist.exchange.catalogue import Assets, Catalogue, Markets
from cambist.exchange.control import Control
from cambist.exchange.funds import Funds
from cambist.exchange.orders import Orders
from cambist.exchange.sequencer import Sequencer


class Exchange:
    """An order's way in: stamp (sequencer) → apply (core) → frame → disk → subscribers. Reads go to `engine`, the local core."""

    def __init__(self, engine: Engine, sequencer: Sequencer) -> None:
        self.engine = engine
        self.sequencer = sequencer
        self.catalogue = Catalogue(engine)
        self.orders = Orders(engine, sequencer)
        self.funds = Funds(engine, sequencer)
        self.control = Control(engine, sequencer, self.catalogue)

    @property
    def assets(self) -> Assets:
        return self.catalogue.assets

    @property
    def markets(self) -> Markets:
        return self.catalogue.markets

    def note(self, meta: Meta) -> Outcome:
        """Journals `meta` (a used nonce, say) for a call that changes nothing else."""
        time = self.sequencer.stamp()
        return self.sequencer.committed(self.engine.note(time, meta.encode()))
