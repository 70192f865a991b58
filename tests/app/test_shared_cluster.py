"""Two nodes on one log with one database: what the node that leads next has of people and coins."""

import json
import shutil
from pathlib import Path

from tests.app.test_cluster_serving import leads
from tests.app.test_shared_directory import ALICE, add_user, post
from tests.cluster import conftest
from tests.support.nats_servers import NatsServers
from tests.support.postgresql import Server, postgresql
from tests.support.processes import serving, start
from tests.support.waiting import wait_until

__all__ = ["postgresql"]
servers = conftest.servers


def test_a_second_node_needs_the_master_key_alone_and_leads_with_everybody(
    tmp_path: Path, servers: NatsServers, postgresql: Server
) -> None:
    database = postgresql.tcp_url(postgresql.new_database())
    one, two = tmp_path / "one", tmp_path / "two"

    def configuration(node: str) -> Path:
        file = tmp_path / f"{node}.toml"
        lines = (f"servers = {json.dumps(servers.urls)}", f'node = "{node}"', f'database = "{database}"', "log_gibibytes = 1")
        file.write_text("\n".join(("[cluster]", 'name = "shared"', *lines, "")))
        return file

    first = start(tmp_path, "serve", "--data", one, "--config", configuration("one"))
    try:
        wait_until(lambda: leads(first))
        assert add_user(one, "alice").returncode == 0
        two.mkdir(mode=0o700)
        shutil.copy(one / "format", two)
        shutil.copy(one / "master.key", two)
        (tmp_path / "second").mkdir()
        with serving(tmp_path / "second", "serve", "--data", two, "--config", configuration("two")) as second:
            wait_until(lambda: second.metric("cambist_applied_seq") == first.metric("cambist_applied_seq"))
            assert add_user(one, "bob").returncode == 0
            first.kill()
            wait_until(lambda: leads(second))
            for name in ("alice", "bob"):
                assert post(second, "/session", ALICE | {"name": name})[0] == 201
            assert add_user(two, "carol").returncode == 0
    finally:
        first.kill()
