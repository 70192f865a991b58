"""Where a notice may be sent: the guard against addresses that only this machine or its network should reach.

A shop names the address, so it is a stranger's. Its name is resolved once, every address that comes out is looked at, and connections are
made to those that passed and to nothing else. Decimal, octal and short spellings of an address need no list of their own: what counts is
what they resolve to.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) to the addresses of the host as text. OSError when there are none."""

MAX_URL = 1_000
MAX_ADDRESSES = 8
"""Of one name; what its owner lists beyond them is not tried."""
_PORTS = {"http": 80, "https": 443}

SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carriers' shared space
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local: clouds tell machines their secrets there
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # automatic multicast tunnelling
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and the broadcast address
        ),
    )
)
"""IANA's registry of special-purpose IPv4 addresses, and multicast."""
GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
SPECIAL_IPV6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID, drones
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
"""The same for IPv6, as far as it lies in GLOBAL_IPV6: nothing outside of that is a public address, but for those that stand for an
IPv4 address (_inner)."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

SPECIAL_NAMES = frozenset(
    ("alt", "arpa", "corp", "example", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion", "test")
)
"""Last labels of names that never resolve on the public internet."""


class DestinationRejected(Exception):
    """Nothing is sent there; the text says why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A parsed URL: what to connect to and what to ask for."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class DestinationPolicy:
    """What is permitted: `ports` of the public internet and, where `loopback` says so (sandboxes), this machine, on any port.

    Without `public` (sandboxes) nothing goes to the public internet, and no name server is asked. Its addresses are taken all the same, as
    everywhere: what is meant for them stays undelivered.
    """

    loopback: bool = False
    ports: frozenset[int] = frozenset(_PORTS.values())
    public: bool = True

    def permits(self, text: str, port: int) -> bool:
        """Whether an address (as text) and port may be connected to."""
        return self._takes(text, port) and (self.public or not is_public(ipaddress.ip_address(text.partition("%")[0])))

    def _takes(self, text: str, port: int) -> bool:
        """Whether a shop may name them."""
        try:
            address: Address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        inner = _inner(address)
        if address.is_loopback or (inner is not None and address not in _NAT64 and inner.is_loopback):
            return self.loopback
        return port in self.ports and is_public(address)

    def rejection(self, url: str) -> str:
        """Why a URL can be refused without asking anybody for its host; empty when it cannot."""
        try:
            destination = destination_of(url)
        except DestinationRejected as rejected:
            return str(rejected)
        host, port = destination.host, destination.port
        try:
            spelled = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            spelled = host
        try:
            ipaddress.ip_address(spelled)
        except ValueError:
            return self._name_rejection(host.lower().rstrip("."), port)
        if self._takes(spelled, port):
            return ""
        return "its port is not one that notices may go to" if self._takes(spelled, 80) else "it is not an address of the public internet"

    def _name_rejection(self, host: str, port: int) -> str:
        labels = host.split(".")
        if labels[-1] == "localhost" and self.loopback:
            return ""
        if len(labels) < 2 or labels[-1] in SPECIAL_NAMES:
            return "its host is not a name of the public internet"
        # A name may lead to this machine, which a sandbox may reach on any port: that is seen when it is resolved.
        return "" if port in self.ports or self.loopback else "its port is not one that notices may go to"


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in SPECIAL_IPV4)
    return address in GLOBAL_IPV6 and not any(address in network for network in SPECIAL_IPV6)


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for on the way out: IPv4-mapped ones, and those of a DNS64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address.ipv4_mapped


def destination_of(url: str) -> Destination:
    """A URL taken apart. DestinationRejected unless it is plain http or https, without user, blanks or control characters."""
    if not url or len(url) > MAX_URL or not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise DestinationRejected("it is no plain URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DestinationRejected("it is no plain URL") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise DestinationRejected("it begins neither with http:// nor with https://")
    if "@" in parts.netloc or "\\" in url or "%" in parts.netloc:
        raise DestinationRejected("it holds a user name, a backslash or an escaped host")
    if port == 0:
        raise DestinationRejected("it has no port to connect to")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], target)


async def checked_addresses(destination: Destination, resolve: Resolve, policy: DestinationPolicy) -> list[str]:
    """The addresses of the host that may be connected to, in the resolver's order. DestinationRejected when there are none."""
    try:
        addresses = await resolve(destination.host, destination.port) if policy.public else _of_this_machine(destination.host)
    except (OSError, UnicodeError):
        raise DestinationRejected("its host cannot be found") from None
    if not addresses:
        raise DestinationRejected("its host cannot be found")
    permitted = [address for address in addresses if policy.permits(address, destination.port)]
    if not permitted:
        raise DestinationRejected("its host is not on the public internet, or its port not one that notices may go to")
    return permitted[:MAX_ADDRESSES]


def _of_this_machine(host: str) -> Sequence[str]:
    """The addresses of a host without asking a name server: only of an address, and of localhost. OSError for all others."""
    if host.lower().rstrip(".").rpartition(".")[2] == "localhost":
        return ["127.0.0.1", "::1"]
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return [socket.inet_ntoa(socket.inet_aton(host))]


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
