"""A venue of several parts in one process: who leads, and edges, each behind a server of its own, on real NATS servers and PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cambist import _core
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.edge import EdgeVenue, SharedData, open_edge
from cambist.app.edge_serving import LOOK, open_shared_data
from cambist.app.entropy import system_clock, system_entropy
from cambist.app.periodic_tasks import PeriodicTasks
from cambist.app.serving import on_the_cluster
from cambist.app.venue import Venue
from cambist.app.wiring import Environment, open_venue
from cambist.directory import ApiKey, KeyForm, User, cheap_password_hasher
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId
from cambist.gateway.server import Server
from tests.support.btce_client import BtceClient
from tests.support.nats_servers import NatsServers


def environment() -> Environment:
    return Environment(system_clock(), system_entropy, cheap_password_hasher())


class Place:
    """Where everything of one venue is."""

    def __init__(self, folder: Path, servers: NatsServers, database: str, name: str) -> None:
        self.folder, self.servers, self.database, self.name = folder, servers, database, name

    def files(self, node: str) -> tuple[DataDirectory, Config]:
        """The data directory of a node or an edge, and its configuration."""
        text = (
            f'[cluster]\nservers = {json.dumps(self.servers.urls)}\nname = "{self.name}"\nnode = "{node}"\nlog_gibibytes = 1\n'
            f'[history]\nurl = "{self.database}"\n'
        )
        file = self.folder / f"{node}.toml"
        file.write_text(text)
        files = DataDirectory.open(self.folder / node, create=True)
        return files, files.settings(file)


class LeadingVenue:
    """The venue of the node that leads."""

    def __init__(self, venue: Venue, tasks: PeriodicTasks) -> None:
        self.venue = venue
        self._tasks = tasks

    async def trader(self, name: str, dialect: str = "btce", **funds: int) -> ApiKey:
        """A user with money (whole units by asset) and a key of the first dialect's form."""
        user = await self.user(name, **funds)
        form = next(form for form in self.venue.key_forms if form.dialect == dialect)
        return await self.key(user, form, form.scopes)

    async def key(self, user: User, form: KeyForm, scopes: frozenset[str]) -> ApiKey:
        key = await asyncio.to_thread(self.venue.directory.mint_key, user, form, scopes)
        assert isinstance(key, ApiKey), key
        return key

    async def user(self, name: str, **funds: int) -> User:
        """A user with money (whole units by asset)."""
        venue = self.venue
        account = (await venue.commands.open_account()).id
        user = await asyncio.to_thread(venue.directory.add_user, name, "a long password", account)
        assert isinstance(user, User), user
        for number, (code, amount) in enumerate(funds.items()):
            asset = venue.catalogue.assets.by_code(code)
            assert asset is not None
            transfer = (account << 8) + number + 1
            await venue.commands.transfer(
                transfer, _core.WORLD, AccountId(account), asset.id, TransferKind.DEPOSIT, amount * 10**asset.scale
            )
        await venue.durable()
        return user

    async def close(self) -> None:
        await self._tasks.stop()
        await self.venue.close()

    async def kill(self) -> None:
        """Ends it as a kill would: nothing more is written, nothing told."""
        self.venue.failed(RuntimeError("killed by the test"))
        self.venue.sequencer.close()


async def leading(place: Place, node: str) -> LeadingVenue:
    files, config = place.files(node)
    return _begun(await open_venue(files, config, on_the_cluster(config, environment())))


async def alone(folder: Path) -> LeadingVenue:
    """A venue of one process, on files."""
    files = DataDirectory.open(folder, create=True)
    return _begun(await open_venue(files, files.settings(None), environment()))


def _begun(venue: Venue) -> LeadingVenue:
    tasks = PeriodicTasks(venue)
    tasks.start()
    return LeadingVenue(venue, tasks)


class ServedEdge:
    """An edge behind its server."""

    def __init__(self, edge: EdgeVenue, server: Server) -> None:
        self.edge, self.server = edge, server

    @property
    def port(self) -> int:
        return self.server.port

    def client(self, key: ApiKey, nonce: int = 0) -> BtceClient:
        return BtceClient(self.port, key.key, key.secret, nonce)


@asynccontextmanager
async def served_edge(place: Place, node: str, shared: SharedData | None = None) -> AsyncIterator[ServedEdge]:
    """`shared`: the leader's own people and coins; without, the edge asks the database, as a process of its own does."""
    files, config = place.files(node)
    if shared is None and not files.master_key.exists():
        shutil.copy(place.folder / "one" / files.master_key.name, files.master_key)
    edge = await open_edge(files, config, environment(), (lambda *_: shared) if shared is not None else open_shared_data)
    server = Server(edge.gateway)
    await server.start()
    looking = edge.scheduler.every(LOOK, edge.progress.look, "history")
    try:
        yield ServedEdge(edge, server)
    finally:
        looking.cancel()
        await server.stop(deadline=2.0)
        await edge.close()
