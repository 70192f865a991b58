"""Notices go to the public internet only: every spelling of an inside address is refused, and what was checked is what is called."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cambist.merchant import Answered, DestinationPolicy, DestinationRejected, Undelivered, WebhookClient, destination_of
from cambist.merchant.destinations import checked_addresses
from tests.support.shop import OK, Shop

VENUE, SANDBOX, ALONE = DestinationPolicy(), DestinationPolicy(loopback=True), DestinationPolicy(loopback=True, public=False)

INSIDE = [
    # loopback, and its other spellings
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0x7F.1",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    # this host, link-local (cloud metadata), private, carrier, benchmarks, documentation, multicast, broadcast, reserved
    "0.0.0.0", "0", "169.254.169.254", "2852039166", "0xa9fea9fe", "169.254.1.1", "10.0.0.1", "10.1", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "0300.0250.0.1", "100.64.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.9", "224.0.0.1", "239.255.255.255",
    "255.255.255.255", "240.0.0.1",
    "[::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "192.0.0.1", "192.0.0.192", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "198.51.100.1", "198.19.255.255",
    "100.127.255.255", "0.255.255.255", "[64:ff9b:1::101:101]", "[::1.1.1.1]", "[2002:101:101::]", "[2001::1]", "[2001:2::1]",
    "[2001:20::1]", "[2001:30::1]", "[2001:1::1]", "[100::1]", "[3fff::1]", "[5f00::1]", "[2620:4f:8000::1]", "[4000::1]",
    "[::ffff:0:1.1.1.1]",
    "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2001:db8::1]", "[2001:0:7f00:1::80ff:fffe]", "[fec0::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
async def test_inside_addresses_are_refused_when_an_order_is_made_and_when_a_notice_is_sent(host: str) -> None:
    url = f"http://{host}/ipn"
    assert VENUE.rejection(url)
    answer = await WebhookClient(seconds=5).post(url, b"x=1", [])
    assert isinstance(answer, Undelivered)
    assert answer.reason.startswith("refused: ")


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "//a.example/", "ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "javascript:alert(1)", "http://",
        "http:///x", "http://a.example:0/", "http://a.example:99999/", "http://a.example:x/", "http://user@a.example/",
        "http://user:pass@a.example/", "http://a.example\\@b.example/", "http://a.example/ x", "http://a.example/\r\nX: y",
        "http://a.example/\t", "http://ä.example/", "http://%31%32%37.0.0.1/", "http://a.example/" + "x" * 2000, "http://[::1/", "http://localhost/",
        "http://LOCALHOST./",
    ],
)  # fmt: skip
def test_urls_that_are_none_of_a_page(url: str) -> None:
    assert VENUE.rejection(url)


@pytest.mark.parametrize(
    ("url", "authority", "port", "target"),
    [
        ("http://a-shop.net", "a-shop.net", 80, "/"),
        ("https://a-shop.net/ipn?a=1&b=%20#there", "a-shop.net", 443, "/ipn?a=1&b=%20"),
        ("https://a-shop.net:80/x", "a-shop.net:80", 80, "/x"),
        ("http://[2606:4700::1111]:443/", "[2606:4700::1111]:443", 443, "/"),
    ],
)
def test_good_urls(url: str, authority: str, port: int, target: str) -> None:
    destination = destination_of(url)
    assert (destination.authority, destination.port, destination.target) == (authority, port, target)
    assert VENUE.rejection(url) == ""


def test_public_addresses_are_permitted() -> None:
    for address in ("1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"):
        assert VENUE.permits(address, 443), address


def test_loopback_is_permitted_only_where_it_is_said() -> None:
    for address in ("127.0.0.1", "::1", "127.9.9.9", "::ffff:127.0.0.1"):
        assert SANDBOX.permits(address, 8900)
        assert not VENUE.permits(address, 80)
    for address in ("10.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0", "64:ff9b::7f00:1"):
        assert not SANDBOX.permits(address, 80)


@pytest.mark.parametrize(
    ("url", "permitted"),
    [
        ("http://127.0.0.1:8900/", ["127.0.0.1"]),
        ("http://[::1]:8900/", ["::1"]),
        ("http://2130706433:8900/", ["127.0.0.1"]),
        ("http://localhost:8900/", ["127.0.0.1", "::1"]),
        ("http://shop.localhost:8900/", ["127.0.0.1", "::1"]),
        ("https://1.1.1.1/", None),
        ("https://a-shop.net/", None),
    ],
)
async def test_where_the_public_internet_is_not_permitted_its_addresses_are_taken_and_nobody_is_asked(
    url: str, permitted: list[str] | None
) -> None:
    asked = Dns(["127.0.0.1"])
    assert ALONE.rejection(url) == ""
    if permitted is None:
        with pytest.raises(DestinationRejected):
            await checked_addresses(destination_of(url), asked, ALONE)
    else:
        assert await checked_addresses(destination_of(url), asked, ALONE) == permitted
    assert asked.asked == []


class Dns:
    """A name server that says something else each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


async def test_a_name_that_leads_inside_is_refused() -> None:
    for answer in (["127.0.0.1"], ["fe80::1", "10.0.0.1"], ["::ffff:169.254.169.254"], []):
        sent = await WebhookClient(resolve=Dns(answer)).post("http://rebind.example/", b"", [])
        assert isinstance(sent, Undelivered)
        assert sent.reason.startswith("refused: ")


@pytest.mark.parametrize("url", ["http://a-shop.net:8080/", "https://a-shop.net:22/", "http://1.1.1.1:81/", "http://[2606:4700::1]:6379/"])
async def test_other_ports_are_refused_unless_they_are_configured(url: str) -> None:
    assert VENUE.rejection(url) == "its port is not one that notices may go to"
    sent = await WebhookClient(VENUE, resolve=Dns(["1.1.1.1"])).post(url, b"", [])
    assert isinstance(sent, Undelivered)
    assert sent.reason.startswith("refused: ")
    assert DestinationPolicy(ports=frozenset({8080, 22, 81, 6379})).rejection(url) == ""


NOWHERE = "shop shop.local a.shop.localhost shop.test shop.example shop.invalid shop.internal shop.onion x.home.arpa SHOP.LOCAL."


@pytest.mark.parametrize("host", NOWHERE.split())
def test_names_that_the_public_internet_does_not_have_are_refused(host: str) -> None:
    assert VENUE.rejection(f"https://{host}/") == "its host is not a name of the public internet"


async def test_every_permitted_address_of_a_name_is_tried_and_no_other() -> None:
    async with Shop([OK]) as shop:
        # Nobody listens on ::1 or 127.0.0.2 at that port, and 10.0.0.1 must not even be tried.
        dns = Dns(["::1", "10.0.0.1", "127.0.0.2", "127.0.0.1"])
        answer = await WebhookClient(SANDBOX, resolve=dns).post(f"http://rebind.example:{shop.port}/ipn", b"a=1", [])
        assert answer == Answered(200, b"[OK]")
        assert len(shop.heard) == 1


async def test_what_was_sent_to_one_address_is_not_sent_to_another() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    dns = Dns(["127.0.0.1", "::1"])
    answer = await WebhookClient(SANDBOX, resolve=dns, seconds=0.3).post(f"http://rebind.example:{port}/", b"", [])
    assert answer == Undelivered("no answer within 0.3 s")
    server.close()


async def test_the_next_attempt_begins_with_another_address() -> None:
    """The first takes connections and is silent for ever; the second is the shop."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with Shop([OK]) as shop:
        server = await asyncio.start_server(silent, "127.0.0.2", shop.port)
        webhook_client = WebhookClient(SANDBOX, resolve=Dns(["127.0.0.2", "127.0.0.1"]), seconds=0.3)
        url = f"http://rebind.example:{shop.port}/ipn"
        answers = [await webhook_client.post(url, b"a=1", [], attempt) for attempt in range(3)]
        assert [isinstance(answer, Answered) for answer in answers] == [False, True, False]
        server.close()


HOSTS = "127.0.0.1 localhost\n::1 two.a-shop.net\n127.0.0.2 two.a-shop.net\n127.0.0.1 two.a-shop.net\n"
IN_A_NAMESPACE = """
import asyncio, sys
from cambist.merchant import DestinationPolicy, WebhookClient
client = WebhookClient(DestinationPolicy(loopback=True))
print(asyncio.run(client.post(sys.argv[1], b"a=1", [])).status)
"""


async def test_a_name_of_both_families_by_the_systems_own_resolver(tmp_path: Path) -> None:
    """The shop listens on the last of three addresses that this machine's hosts file gives its name, for one process."""
    hosts, script = tmp_path / "hosts", tmp_path / "post.py"
    hosts.write_text(HOSTS)
    script.write_text(IN_A_NAMESPACE)
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT TESTED with this machine's own resolver: a mount namespace needs root")
    async with Shop([OK]) as shop:
        line = 'mount --bind "$1" /etc/hosts && exec "$2" "$3" "$4"'
        url = f"http://two.a-shop.net:{shop.port}/ipn"
        process = await asyncio.create_subprocess_exec(
            "unshare", "--mount", "sh", "-c", line, "sh", hosts, sys.executable, script, url, stdout=subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert output == b"200\n"
        assert [heard.headers["host"] for heard in shop.heard] == [f"two.a-shop.net:{shop.port}"]


async def test_an_answer_that_changes_is_never_asked_for_twice() -> None:
    async with Shop([OK]) as shop:
        # The checked address is called, though the name leads elsewhere by now (nobody listens on 127.0.0.2).
        dns = Dns(["127.0.0.1"], ["127.0.0.2"])
        webhook_client = WebhookClient(SANDBOX, resolve=dns)
        answer = await webhook_client.post(f"http://rebind.example:{shop.port}/ipn", b"a=1", [("Rest-Key", "k")])
        assert answer == Answered(200, b"[OK]")
        assert dns.asked == [f"rebind.example:{shop.port}"]
        assert shop.heard[0].headers["host"] == f"rebind.example:{shop.port}"
        # And the other way round: what turns bad is refused.
        turning = WebhookClient(resolve=Dns(["127.0.0.1"], ["1.1.1.1"]))
        assert isinstance(await turning.post("http://rebind.example/", b"", []), Undelivered)


async def test_a_server_that_never_answers_is_left_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await WebhookClient(SANDBOX, seconds=0.2).post(f"http://127.0.0.1:{port}/", b"", [])
    assert answer == Undelivered("no answer within 0.2 s")
    server.close()
    assert isinstance(await WebhookClient(SANDBOX).post(f"http://127.0.0.1:{port}/", b"", []), Undelivered)


@pytest.mark.parametrize("nonsense", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"\x00" * 100])
async def test_nonsense_is_no_answer(nonsense: bytes) -> None:
    async with Shop([nonsense]) as shop:
        assert isinstance(await WebhookClient(SANDBOX).post(f"{shop.url}/", b"", []), Undelivered)


def test_a_rejection_says_why() -> None:
    with pytest.raises(DestinationRejected, match="neither"):
        destination_of("ftp://a.example/")
