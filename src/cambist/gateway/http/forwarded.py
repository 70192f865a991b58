"""What a reverse proxy says of the client behind it, believed only of proxies that the operator named."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Literal, NamedTuple

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOPS = 16
"""So many addresses of a chain are looked at, from the nearest on."""

_PAIR = re.compile(rb'[ \t]*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"\s]*)[ \t]*')
_SCHEMES = {b"http": "http", b"https": "https"}

Scheme = Literal["x-forwarded", "forwarded"]


class Origin(NamedTuple):
    """Who really asked: the client's address, `http` or `https`, and the Host it asked for where the proxy tells it."""

    client: str
    scheme: str
    host: bytes | None = None


class TrustedProxies:
    """The peers whose word about a request's origin is taken, and in which of two forms they give it.

    `networks` are addresses or networks in CIDR form; a peer without an address (a local socket) counts as 127.0.0.1. `form`:
    `"x-forwarded"` reads X-Forwarded-For and X-Forwarded-Proto, `"forwarded"` reads Forwarded (RFC 7239). Only one is read, since a proxy
    that writes the one passes on whatever its client wrote into the other. ValueError for a network that is none.
    """

    def __init__(self, networks: Iterable[str] = (), form: Scheme = "x-forwarded") -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self._form = form

    def trusts(self, peer: str) -> bool:
        """Whether this peer is one of them."""
        if not self._networks:
            return False
        address = address_of(peer or "127.0.0.1")
        return address is not None and self._inside(address)

    def origin(self, peer: str, scheme: str, headers: Mapping[bytes, bytes]) -> Origin:
        """The origin of a request that a trusted `peer` passed on over `scheme`. What it does not say, or not well, stays the peer's."""
        if self._form == "forwarded":
            return self._by_forwarded(peer, scheme, headers.get(b"forwarded", b""))
        client = self._client(peer, _from_the_right(headers.get(b"x-forwarded-for", b"")))
        proto = headers.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip().lower()
        return Origin(client, _SCHEMES.get(proto, scheme))

    def _by_forwarded(self, peer: str, scheme: str, value: bytes) -> Origin:
        hops = forwarded_elements(value)
        nearest = next(hops, None)
        if nearest is None:
            return Origin(peer, scheme)
        client = self._client(peer, (hop.get(b"for", b"") for hop in chain([nearest], hops)))
        return Origin(client, _SCHEMES.get(nearest.get(b"proto", b"").lower(), scheme), nearest.get(b"host"))

    def _client(self, peer: str, hops: Iterable[bytes]) -> str:
        """The nearest address that is no trusted proxy's; of a chain that breaks off, the last one that could be read."""
        client = peer
        for number, hop in enumerate(hops):
            address = address_of(hop.decode("latin-1"))
            if address is None or number == HOPS:
                break
            client = str(address)
            if not self._inside(address):
                break
        return client

    def _inside(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)


def address_of(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, an IPv6 one in brackets. None for anything else; IPv4 inside IPv6 as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _from_the_right(value: bytes) -> Iterator[bytes]:
    while value:
        value, _comma, hop = value.rpartition(b",")
        yield hop


def forwarded_elements(value: bytes) -> Iterator[dict[bytes, bytes]]:
    """The elements of a Forwarded field from the right, the nearest proxy's first: names in lower case, quotes taken off.

    Ends before the first one that is malformed. What a client wrote stands to the left of what proxies wrote, and must not spoil it: so
    each comma separates, also between quotes, where no proxy writes one.
    """
    for element in _from_the_right(value):
        found: dict[bytes, bytes] = {}
        at = 0
        while at < len(element):
            pair = _PAIR.match(element, at)
            if pair is None or element[pair.end() : pair.end() + 1] not in (b";", b""):
                return
            content = pair[2]
            found[pair[1].lower()] = re.sub(rb"\\(.)", rb"\1", content[1:-1]) if content.startswith(b'"') else content
            at = pair.end() + 1
        yield found


NO_PROXIES = TrustedProxies()
