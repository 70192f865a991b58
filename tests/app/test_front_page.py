"""The page that a person sees who opens the server's address in a browser."""

import base64
import hashlib
import json
import re
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cambist.app.dialects import DIALECTS
from cambist.app.front_page import Api, page
from cambist.gateway.health import ReadinessReport
from tests.support.processes import Running, serving


class Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def get(running: Running, host: str = "") -> tuple[dict[str, str], str]:
    request = urllib.request.Request(f"{running.url}/", headers={"host": host} if host else {})
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.status == 200
        return {name.lower(): value for name, value in reply.headers.items()}, reply.read().decode()


def test_a_sandbox_shows_what_it_serves(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet") as running:
        headers, text = get(running)
        secrets = [value for user in running.ready["users"] for keys in user["keys"].values() for value in keys.values()]
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "PLAY MONEY" in text
    for dialect in DIALECTS:
        assert dialect.title in text
    for path in ("/tapi", "/api/3", "/v1", "/api/1", "/spot", "/healthz", "/readyz", "/metrics"):
        assert path in text, path
    assert f"<code>{running.url}/api/3</code>" in text
    for socket in ("/ws", "/mtgox", "/spotWS", "/ws/spot", "/ws/oss/spot"):
        assert f"<code>{running.url.replace('http', 'ws')}{socket}</code>" in text, socket
    assert ">ready<" in text
    assert not [secret for secret in secrets if secret in text], "the page shows a key to whoever asks"


def test_a_venue_shows_it_too_and_does_not_speak_of_play_money(tmp_path: Path) -> None:
    given = tmp_path / "given.toml"
    given.write_text('[dialects.mtgox]\nenabled = false\n[dialects.expie]\nhost = "expie.example"\n')
    with serving(tmp_path, "serve", "--data", tmp_path / "venue", "--config", given) as running:
        _headers, text = get(running)
    assert "PLAY MONEY" not in text
    assert "Mt.Gox" not in text
    assert "<code>expie.example/v1</code>" in text


def test_it_needs_no_script_and_its_policy_allows_none(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet") as running:
        headers, text = get(running)
    read = Reader(text)
    assert not read.tags & {"script", "iframe", "object", "embed", "form", "img"}
    assert not [name for name, _value in read.attributes if name.startswith("on") or name == "style"]
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert policy["style-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["'><script>alert(1)</script>", "a b"])
def test_a_host_that_is_none_is_not_repeated(host: str, tmp_path: Path) -> None:
    text = page("", [Api("X", ("/x",))], ReadinessReport(), play_money=False)
    assert "<code>/x</code>" in text
    with serving(tmp_path, "sandbox", "--quiet") as running, pytest.raises(urllib.error.HTTPError, match="400"):
        get(running, host)


def test_what_keeps_a_venue_from_being_ready_is_escaped() -> None:
    text = page("http://h", [Api("<b>", ("/<i>",))], ReadinessReport(["the <disk> is full"], ["<a>"]), play_money=True)
    assert "not ready: the &lt;disk&gt; is full" in text
    assert "ready, but &lt;a&gt;" in page("http://h", [], ReadinessReport(degraded=["<a>"]), play_money=True)
    assert "<b>" not in text
    assert "<i>" not in text


def test_a_path_that_nobody_has_is_still_an_error_for_programs(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet") as running:
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{running.url}/nothing", timeout=30)
        assert json.load(refused.value) == {"error": "not found"}
