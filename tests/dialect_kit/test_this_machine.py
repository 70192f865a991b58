"""Which requests a browser sent for somebody else's page, by what browsers say of them."""

import pytest

from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.this_machine import from_foreign_page

HERE = "127.0.0.1:8700"


@pytest.mark.parametrize(
    ("method", "client", "headers", "foreign"),
    [
        # Programs say none of it, under whatever name they call.
        ("POST", "127.0.0.1", {"host": HERE}, False),
        ("POST", "127.0.0.1", {"host": "mtgox.com"}, False),
        ("GET", "127.0.0.1", {"host": "websocket.mtgox.com", "origin": "http://websocket.mtgox.com", "upgrade": "websocket"}, False),
        # This server's own page, and the developer's own pages on this machine.
        ("POST", "127.0.0.1", {"host": HERE, "origin": f"http://{HERE}", "sec-fetch-site": "same-origin"}, False),
        ("GET", "127.0.0.1", {"host": HERE, "sec-fetch-site": "same-origin"}, False),
        ("POST", "127.0.0.1", {"host": HERE, "origin": "http://localhost:3000", "sec-fetch-site": "cross-site"}, False),
        ("GET", "::1", {"host": "[::1]:8700", "origin": "http://[::1]:3000"}, False),
        ("GET", "127.0.0.1", {"host": "localhost:8700", "sec-fetch-site": "same-site"}, False),
        # Another machine's browser, under this machine's own name in its network.
        ("POST", "192.0.2.7", {"host": "lab.example:8700", "origin": "http://lab.example:8700"}, False),
        # Somebody follows a link, or types the address.
        ("GET", "127.0.0.1", {"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("GET", "127.0.0.1", {"host": HERE, "sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, False),
        # A form, a request or a socket of another site's page.
        ("POST", "127.0.0.1", {"host": HERE, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}, True),
        ("POST", "127.0.0.1", {"host": HERE, "origin": "https://evil.example", "sec-fetch-mode": "navigate"}, True),
        ("GET", "127.0.0.1", {"host": HERE, "origin": "https://evil.example"}, True),
        ("POST", "127.0.0.1", {"host": HERE, "origin": "null"}, True),
        ("GET", "127.0.0.1", {"host": HERE, "origin": "http://localhost.evil.example"}, True),
        ("GET", "127.0.0.1", {"host": HERE, "origin": "http://127.0.0.1.evil.example:80"}, True),
        ("GET", "127.0.0.1", {"host": HERE, "origin": "file://localhost"}, True),
        ("POST", "192.0.2.7", {"host": "lab.example:8700", "origin": "http://evil.example"}, True),
        ("GET", "127.0.0.1", {"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, True),
        ("POST", "127.0.0.1", {"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
        ("GET", "127.0.0.1", {"host": HERE, "origin": "https://evil.example", "upgrade": "websocket", "user-agent": "Mozilla/5.0"}, True),
        # A name of theirs that leads here: the browser takes this server for theirs.
        ("POST", "127.0.0.1", {"host": "evil.example:8700", "origin": "http://evil.example:8700", "sec-fetch-site": "same-origin"}, True),
        ("GET", "::1", {"host": "evil.example:8700", "sec-fetch-site": "same-origin"}, True),
        (
            "GET",
            "::1",
            {"host": "evil.example", "origin": "http://evil.example", "upgrade": "websocket", "user-agent": "Mozilla/5.0"},
            True,
        ),
    ],
)
def test_who_had_a_browser_send_it(method: str, client: str, headers: dict[str, str], foreign: bool) -> None:
    fields = {name.encode(): value.encode() for name, value in headers.items()}
    assert from_foreign_page(Request(method, "/api/0/buyBTC.php", headers=fields, client=client)) is foreign
