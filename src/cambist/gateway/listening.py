"""Listening sockets: every address of a host name, all on one port."""

from __future__ import annotations

import errno
import socket

BACKLOG = 2_048
ATTEMPTS = 20
"""Ports tried when the system's choice for one address is taken at another."""

_SKIPPED = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What a name's address may fail with where this machine lacks its family; the name's others are enough then."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of `host`, all on one port; `port=0` takes one that is free at all of them.

    A name may have addresses of both families (`localhost`: 127.0.0.1 and ::1). `::` takes IPv4 too. OSError when that cannot be.
    """
    addresses = _addresses(host, port)
    for attempt in range(ATTEMPTS):
        try:
            return _bind_all(addresses, port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE or attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError  # the last attempt raises


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    if not host.strip():
        # The C library would take it for every address: an unset variable must not open a venue to the world.
        raise OSError(errno.EINVAL, "no host is named; 0.0.0.0 is every IPv4 address, :: every address")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _type, _protocol, _name, address in found))


def _bind_all(addresses: list[tuple[socket.AddressFamily, str]], port: int) -> list[socket.socket]:
    opened: list[socket.socket] = []
    refused: OSError | None = None
    try:
        for family, address in addresses:
            try:
                opened.append(_bind_one(family, address, port))
            except OSError as error:
                if error.errno not in _SKIPPED:
                    raise
                refused = error
            else:
                port = opened[-1].getsockname()[1]
    except BaseException:
        for each in opened:
            each.close()
        raise
    if not opened and refused is not None:
        raise refused
    return opened


def _bind_one(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "::")
        opened.bind((address, port))
        opened.listen(BACKLOG)
        opened.setblocking(False)
    except BaseException:
        opened.close()
        raise
    return opened
