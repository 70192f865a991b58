"""The programs to paste that each kind of key comes with: as the native API serves them, filled in, each is run."""

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scripts.web import node

from cambist.api_types.keys import CreateKey
from cambist.api_types.venue import DemoLogIn
from cambist.app.dialects import DIALECTS
from cambist.client import Client, calls
from tests.support.processes import Running, serving
from tests.support.waiting import PATIENCE

LANGUAGES = {"python", "javascript", "curl"}
TOOLS = {"python": (), "javascript": (), "curl": ("bash", "curl", "openssl")}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--quiet", "--data", folder / "data") as running:
        yield running


@pytest.fixture(scope="module")
def served(sandbox: Running) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{sandbox.url}/cambist/v1/keys/snippets", timeout=PATIENCE) as reply:
        rows: list[dict[str, Any]] = json.load(reply)
    return rows


def line_for(language: str) -> list[str]:
    """Nothing else may be needed than the language itself."""
    return {
        "python": [sys.executable, "-I", "-"],
        "javascript": [node()[0], "--input-type=module", "-"],
        "curl": ["bash", "-eu", "-s"],
    }[language]


def ran(snippet: dict[str, Any], url: str, credentials: dict[str, str]) -> str:
    """What it prints."""
    missing = [tool for tool in TOOLS[snippet["language"]] if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    text: str = snippet["text"].replace("<url>", url)
    for name, value in credentials.items():
        text = text.replace(f"<{name}>", value)
    done = subprocess.run(line_for(snippet["language"]), input=text, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{text}"
    return done.stdout


def test_every_kind_of_key_has_one_in_every_language(served: list[dict[str, Any]]) -> None:
    forms = {form.dialect for dialect in DIALECTS for form in dialect.key_forms}
    assert {(row["api"], row["language"]) for row in served if not row["private_key"]} == {
        (api, lang) for api in forms for lang in LANGUAGES
    }
    assert {(row["api"], row["language"]) for row in served if row["private_key"]} == {("native", language) for language in LANGUAGES}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("api", ["native", "btce", "wex", "btse", "expie", "mtgox"])
def test_it_prints_the_balances_and_does_so_again(api: str, language: str, sandbox: Running, served: list[dict[str, Any]]) -> None:
    (snippet,) = (row for row in served if (row["api"], row["language"], row["private_key"]) == (api, language, False))
    keys = sandbox.ready["users"][0]["keys"][api]
    for _ in range(2):
        said = ran(snippet, sandbox.url, keys)
        assert "USD" in said.upper(), said[:400]
        assert "error" not in said.lower()[:60] or '"error":[]' in said.replace(" ", ""), said[:400]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_one_for_a_private_key_signs_with_it(language: str, sandbox: Running, served: list[dict[str, Any]], tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    file = tmp_path / "private.pem"
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = minted(sandbox, private.public_key().public_bytes_raw().hex())
    (snippet,) = (row for row in served if (row["language"], row["private_key"]) == (language, True))
    said = ran(snippet, sandbox.url, {"key": key, "private_key_file": str(file)})
    assert "USD" in said, said[:400]


def minted(sandbox: Running, public_key: str) -> str:
    """A key of alice's for that public key."""

    with Client(sandbox.url) as client:
        client.send(calls.demo_log_in(DemoLogIn(name="alice")))
        return client.send(calls.create_key(CreateKey(api="native", public_key=public_key))).key.key
