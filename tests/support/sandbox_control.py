"""The control API of a sandbox, asked by a raw client."""

import http.client
import json
from typing import Any

from tests.support.processes import Running
from tests.support.waiting import PATIENCE


def ask(running: Running, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """(status, what the JSON of the reply says)."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
    try:
        text = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, text, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def done(running: Running, method: str, path: str, body: Any = None) -> Any:
    """The same of a request that is carried out."""
    status, given = ask(running, method, path, body)
    assert status == 200, given
    return given
