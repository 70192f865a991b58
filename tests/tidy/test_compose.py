"""The files for composed containers: what they name exists, and what they mount is what the programs take."""

import os
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.local_cluster import nats_program

from cambist.app import config
from cambist.app.data_directory import DataDirectory
from cambist.app.edge_serving import checked
from tests.support.nats_servers import skip_without_server
from tests.tidy.test_packaging import PROJECT, accepted
from tests.tidy.test_tidy import ROOT

DEPLOY = ROOT / "deploy"
ONE, SEVERAL = DEPLOY / "compose.yaml", DEPLOY / "cluster.compose.yaml"
NODES = ("engine-one", "engine-two", "edge-1", "edge-2")
SERVERS = ("nats-1", "nats-2", "nats-3")


@cache
def described(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(file.read_text())
    return loaded


def services(file: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = described(file)["services"]
    return found


def command(service: dict[str, Any]) -> list[str]:
    """What `cambist` is started with."""
    if "entrypoint" not in service:
        words: list[str] = service.get("command", ["serve", "--host", "0.0.0.0"])
        return words
    shell, option, text = service["entrypoint"]
    assert subprocess.run([shell, "-n", option, text], check=False).returncode == 0
    (line,) = re.findall(r"^exec cambist (.*)$", text, re.MULTILINE)
    return shlex.split(line)


@pytest.mark.parametrize("file", [ONE, SEVERAL], ids=lambda file: file.name)
def test_images_of_others_are_pinned_and_our_own_is_built_here(file: Path) -> None:
    for name, service in services(file).items():
        if "build" in service:
            build = service["build"]
            assert (file.parent / build["context"] / build["dockerfile"]).exists(), name
        else:
            assert re.search(r":\d+\.\d+(\.\d+)?-\w+$", service["image"]), f"{name}: {service['image']}"


@pytest.mark.parametrize("file", [ONE, SEVERAL], ids=lambda file: file.name)
def test_what_a_service_names_is_there(file: Path) -> None:
    whole = described(file)
    for name, service in services(file).items():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (file.parent / source).exists() if source.startswith(".") else source in whole["volumes"], f"{name}: {volume}"
        assert set(service.get("networks", ())) <= set(whole.get("networks", ()))
        assert set(service.get("secrets", ())) <= set(whole.get("secrets", ()))
        assert {one["source"] for one in service.get("configs", ())} <= set(whole.get("configs", ()))
        assert set(service.get("depends_on", ())) <= set(services(file))


@pytest.mark.parametrize(("file", "name"), [(ONE, "venue"), *((SEVERAL, name) for name in NODES)])
def test_a_service_starts_a_command_that_exists(file: Path, name: str) -> None:
    arguments = command(services(file)[name])
    assert accepted(arguments)
    assert arguments[0] == ("edge" if name.startswith("edge") else "serve")


@pytest.mark.parametrize("name", NODES)
def test_a_nodes_configuration_is_one_and_names_what_is_there(name: str, tmp_path: Path) -> None:
    text = described(SEVERAL)["configs"][name]["content"]
    made = config.parse(text, name)
    assert made.cluster.node == name
    assert made.cluster.servers == tuple(f"nats://{server}:4222" for server in SERVERS)
    assert re.search(r"@([\w-]+)/", made.history.url)[1] in services(SEVERAL)  # type: ignore[index]
    (tmp_path / "master.key").touch()
    assert checked(DataDirectory(tmp_path), made) is made, "an edge can be made of it"
    assert services(SEVERAL)[name]["configs"] == [{"source": name, "target": command(services(SEVERAL)[name])[-1]}]


def test_the_logs_servers_name_the_others_and_not_themselves() -> None:
    for name in SERVERS:
        environment = services(SEVERAL)[name]["environment"]
        routes = {environment["NATS_ROUTE_1"], environment["NATS_ROUTE_2"]}
        assert routes == {f"nats://{other}:6222" for other in SERVERS if other != name}


@pytest.mark.parametrize("name", SERVERS)
def test_the_server_takes_its_configuration(name: str) -> None:
    skip_without_server()
    place, conf = nats_program(), DEPLOY / "cluster.nats.conf"
    environment = {**os.environ, **services(SEVERAL)[name]["environment"]}
    answer = subprocess.run([place, "-t", "-c", conf], env=environment, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert "sync_interval: always" in conf.read_text()


def test_the_image_has_the_clients_of_a_venue_on_several_machines() -> None:
    wanted = {re.split(r"[\[><=]", line)[0] for extra in ("cluster", "postgresql") for line in PROJECT["optional-dependencies"][extra]}
    (pattern,) = re.findall(r"grep -E '(\^\(nats[^']*)' /tmp/install/dev.txt", (DEPLOY / "Containerfile").read_text())
    pinned = {line.split("==")[0] for line in (ROOT / "requirements" / "dev.txt").read_text().splitlines() if re.match(pattern, line)}
    assert pinned == wanted | {"psycopg-binary"}
