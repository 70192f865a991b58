"""The server against its OpenAPI document, by schemathesis: no 5xx, no status, type or form of a reply that the document does not have.

Each endpoint is asked with data that the document allows and with data that it does not, the same at each run, by somebody who may do
everything: an operator, on a venue in a process of its own.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cambist.dialects.native import openapi
from cambist.dialects.native.endpoint import BASE, Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from tests.dialects.native.test_matrices import titled
from tests.support.processes import Running, cambist, serving

EXAMPLES = 5
KNOWN = {"market": "btc_usd", "asset": "BTC"}
"""Parameters of paths that the venue knows."""
PASSWORD = "correct horse"
PAIRS = {"show_book"}
"""Whose replies have arrays of a fixed form (`prefixItems`): schemathesis 4.32 rewrites them into what it refuses then. The native API's
other tests hold every reply against its type."""
FEW = {"prove_identity", "change_password", "log_in", "sign_up"}
"""What looks at passwords: whoever guesses for long waits."""
ENDING = {"log_out", "change_password", "operator_user_freeze"}
"""What may end the session of whoever asks."""


class Operator:
    """Somebody with a role and money, and the fields of their requests."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.headers: dict[str, str] = {}

    def ask(self, path: str, **fields: str) -> None:
        """Signs up or logs in."""
        headers = {"content-type": "application/json", "cookie": self.headers.get("cookie", "")}
        request = urllib.request.Request(self._url + BASE + path, json.dumps(fields).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            sent = [cookie.partition(";")[0] for cookie in reply.headers.get_all("set-cookie")]
            self.headers = {"cookie": "; ".join(sent), "cambist-csrf": json.load(reply)["csrf_token"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("venue") / "data"


@pytest.fixture(scope="module")
def venue(data: Path) -> Iterator[Running]:
    with serving(data.parent, "serve", "--data", data) as running:
        yield running


@pytest.fixture(scope="module")
def operator(venue: Running, data: Path) -> Operator:
    operator = Operator(venue.url)
    operator.ask("/users", name="olga", password=PASSWORD)
    for amount in ("USD=100000", "BTC=100"):
        assert cambist("fund", "olga", amount, "--data", data).returncode == 0
    assert cambist("user", "role", "olga", "operator", "--data", data).returncode == 0
    return operator


@pytest.fixture(scope="module")
def schema() -> Any:
    import schemathesis

    loaded = schemathesis.openapi.from_dict(openapi.document(ENDPOINTS))
    loaded.config.generation.update(with_security_parameters=False, allow_x00=False)
    return loaded


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=titled)
def test_what_is_answered_is_in_the_document(venue: Running, operator: Operator, schema: Any, endpoint: Endpoint) -> None:
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

    operation = schema[BASE + endpoint.path][endpoint.method]
    known = {name: KNOWN[name] for name in endpoint.signature().path if name in KNOWN} or None
    modes = [operation.as_strategy(mode, path_parameters=known) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    answered: list[int] = []

    @settings(
        max_examples=2 if endpoint.name in FEW else EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(modes))
    def check(case: Any) -> None:
        response = case.call(base_url=venue.url, headers=operator.headers, timeout=60)
        form = [] if endpoint.name in PAIRS else [response_schema_conformance]
        case.validate_response(response, checks=[not_a_server_error, status_code_conformance, content_type_conformance, *form])
        answered.append(response.status_code)
        if endpoint.name in ENDING:
            operator.ask("/session", name="olga", password=PASSWORD)

    check()
    assert answered
    assert 429 not in answered, "it was not looked at"
    if endpoint.scope.value != "public":
        assert set(answered) - {401, 403}, "nobody let it in"
