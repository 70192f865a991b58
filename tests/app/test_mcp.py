"""`cambist sandbox mcp`, by a client that speaks raw JSON-RPC: what agents see is what the control API has."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cambist.app.mcp import VERSIONS
from cambist.sandbox.control.catalogue import OPERATIONS
from tests.support.processes import Running, command, start
from tests.support.waiting import PATIENCE


class Agent:
    """A process of the server, and numbered requests to it."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            command("sandbox", "mcp", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "XDG_RUNTIME_DIR": str(place)},
        )
        self._number = 0

    def line(self, line: bytes) -> Any:
        """The reply to one line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def ask(self, method: str, **parameters: Any) -> Any:
        """The whole reply."""
        self._number += 1
        reply = self.line(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters}).encode())
        assert (reply["jsonrpc"], reply["id"]) == ("2.0", self._number)
        return reply

    def call(self, name: str, **arguments: Any) -> Any:
        """The result of a tool."""
        return self.ask("tools/call", name=name, arguments=arguments)["result"]

    def end(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(PATIENCE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, place: Path) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("sandbox"), "sandbox", "--quiet", "--clock", "manual", XDG_RUNTIME_DIR=str(place))
    yield running
    running.terminate()


@pytest.fixture(scope="module")
def agent(place: Path) -> Iterator[Agent]:
    made = Agent(place)
    yield made
    assert made.end() == 0, "the end of its input is its end"


@pytest.mark.parametrize(
    ("wanted", "spoken"), [*((version, version) for version in VERSIONS), ("1999-01-01", VERSIONS[0]), (None, VERSIONS[0])]
)
def test_it_speaks_the_version_that_a_client_asks_for_or_its_newest(wanted: str | None, spoken: str, agent: Agent) -> None:
    result = agent.ask("initialize", protocolVersion=wanted, capabilities={}, clientInfo={"name": "x", "version": "1"})["result"]
    assert result["protocolVersion"] == spoken
    assert result["capabilities"] == {"tools": {}}
    assert result["serverInfo"]["name"] == "cambist-sandbox"


def test_notifications_get_no_reply_and_a_ping_does(agent: Agent) -> None:
    lines = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n\n{"jsonrpc":"2.0","id":"p","method":"ping"}'
    assert agent.line(lines) == {"jsonrpc": "2.0", "id": "p", "result": {}}


@pytest.mark.parametrize(
    "response",
    [
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}',
    ],
)
def test_responses_get_no_reply(response: bytes, agent: Agent) -> None:
    assert agent.line(response + b'\n{"jsonrpc":"2.0","id":"p","method":"ping"}') == {"jsonrpc": "2.0", "id": "p", "result": {}}


def test_every_operation_is_a_tool_with_the_schema_of_its_fields(agent: Agent) -> None:
    tools = {tool["name"]: tool for tool in agent.ask("tools/list")["result"]["tools"]}
    assert list(tools) == [operation.name for operation in OPERATIONS]
    for operation in OPERATIONS:
        schema = tools[operation.name]["inputSchema"]
        assert schema["type"] == "object"
        assert list(schema["properties"]) == list(operation.takes.__struct_fields__)
        assert "#/components" not in json.dumps(schema)
        assert tools[operation.name]["annotations"]["readOnlyHint"] is (operation.method == "GET")
    moved = tools["move-clock"]["inputSchema"]
    assert moved["properties"]["advance"]["description"] == "On by so many seconds."
    assert "order" in moved["$defs"]["Until"]["properties"]


def test_a_tool_is_called_on_the_sandbox_that_runs(sandbox: Running, agent: Agent) -> None:
    before = agent.call("clock")
    assert json.loads(before["content"][0]["text"]) == before["structuredContent"]
    after = agent.call("move-clock", advance=60)
    assert after["structuredContent"]["micros"] - before["structuredContent"]["micros"] == 60_000_000
    assert "isError" not in after


def test_replies_that_are_no_objects_come_as_text(sandbox: Running, agent: Agent) -> None:
    keys = agent.call("keys", user="alice")
    assert "structuredContent" not in keys
    assert {row["dialect"] for row in json.loads(keys["content"][0]["text"])} >= {"btce", "btse"}
    assert agent.call("report-markdown")["content"][0]["text"].startswith("#")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("move-clock", {}, "give one of advance, run_until, step"),
        ("move-clock", {"advance": "soon"}, "Expected `float | null`, got `str` - at `$.advance`"),
        ("move-clock", {"fly": 1}, "unknown field `fly`"),
        ("funds", {"account": "nobody"}, "nobody"),
    ],
)
def test_what_a_tool_refuses_is_a_result_that_says_why(
    name: str, arguments: dict[str, Any], words: str, sandbox: Running, agent: Agent
) -> None:
    result = agent.call(name, **arguments)
    assert result["isError"] is True
    assert words in result["content"][0]["text"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'{"id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"fly"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fly"}}', -32602),
    ],
)
def test_a_wrong_message_gets_the_protocol_s_error_and_the_server_goes_on(line: bytes, code: int, agent: Agent) -> None:
    assert agent.line(line)["error"]["code"] == code
    assert agent.ask("ping")["result"] == {}


def test_without_a_sandbox_each_call_says_so(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    assert "no sandbox of yours runs on this machine" in agent.call("clock")["content"][0]["text"]
    assert agent.end() == 0
    agent = Agent(tmp_path, "--url", "http://127.0.0.1:1")
    assert "no sandbox answers at http://127.0.0.1:1" in agent.call("clock")["content"][0]["text"]
    assert agent.end() == 0
