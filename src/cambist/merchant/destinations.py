"""Where a notice may be sent: the guard against addresses that only this machine or its network should reach.

A shop names the address, so it is a stranger's. Its name is resolved once, every address that comes out is looked at, and the connection
is made to one of those addresses and nowhere else. Decimal, octal and short spellings of an address need no list of their own: what
counts is what they resolve to.
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
_PORTS = {"http": 80, "https": 443}
_TRANSLATED = (
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("::/96"),
)
"""IPv6 networks whose last 32 bits are an IPv4 address."""


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


def destination_of(url: str) -> Destination:
    """A URL taken apart. DestinationRefused unless it is plain http or https, without user, blanks or control characters."""
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


def permitted(text: str, loopback: bool) -> bool:
    """Whether an address (as text) is one of the public internet, or this machine's own where `loopback` says so."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(address)
    if inner is not None:
        if inner.is_loopback and not (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None):
            return False
        return permitted(str(inner), loopback)
    if address.is_loopback:
        return loopback
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_private or address.is_link_local)


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return None
    teredo = address.teredo
    if teredo is not None:
        return teredo[1]
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def plainly_refused(url: str, loopback: bool) -> str:
    """Why a URL can be refused without asking anybody for its host; empty when it cannot."""
    try:
        host = destination_of(url).host
    except DestinationRejected as refused:
        return str(refused)
    try:
        spelled = socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        spelled = host
    try:
        ipaddress.ip_address(spelled)
    except ValueError:
        return "it names this machine" if host.lower().rstrip(".") == "localhost" and not loopback else ""
    return "" if permitted(spelled, loopback) else "it is not an address of the public internet"


async def checked_address(destination: Destination, resolve: Resolve, loopback: bool) -> str:
    """The one address to connect to. DestinationRefused when any address of the host is none to go to."""
    try:
        addresses = await resolve(destination.host, destination.port)
    except (OSError, UnicodeError):
        raise DestinationRejected("its host cannot be found") from None
    if not addresses:
        raise DestinationRejected("its host cannot be found")
    # One forbidden address among good ones is how a name is made to pass here and lead inside later.
    if not all(permitted(address, loopback) for address in addresses):
        raise DestinationRejected("its host is not on the public internet")
    return addresses[0]


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
