"""Keeps what we send out of our own network: addresses that aren't on the public Internet."""

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from contracts.errors import DataError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DIALS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_only_outside: ContextVar[bool] = ContextVar("only_outside", default=False)


class ForbiddenError(DataError):
    """The address is one of our own network."""


def resolve(url: str, *, allow_internal: bool) -> str:
    """An IP address of the URL's host: the one to connect to, so that a name which changes its
    mind after the check gains nothing. Raises ForbiddenError, DataError.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DataError(f"the host {host!r} has no address ({error})") from error
    addresses = [str(entry[4][0]) for entry in found]
    inside = [address for address in addresses if not is_public(address)]
    if inside and not allow_internal:
        raise _forbidden(host, inside[0])
    return addresses[0]


@contextlib.contextmanager
def only_outside() -> Iterator[None]:
    """Whatever this thread connects to meanwhile is public, or raises ForbiddenError: for code of
    others, of which we don't know what it connects to (a mail server, a second host, a proxy).
    """
    _watch()
    before = _only_outside.set(True)
    try:
        yield
    finally:
        _only_outside.reset(before)


@cache
def _watch() -> None:
    """Look at every connection from now on: Python's audit hooks stay until the process ends."""
    sys.addaudithook(_look)


def _look(event: str, given: tuple[Any, ...]) -> None:
    if event not in _DIALS or not _only_outside.get() or given[0].family == socket.AF_UNIX:
        return
    host = str(given[1][0])
    try:
        public = is_public(host)
    except ValueError:
        # A name: what it leads to when it is connected to can't be told yet.
        public = False
    if not public:
        raise _forbidden(host, host)


def _forbidden(host: str, address: str) -> ForbiddenError:
    return ForbiddenError(
        f"{host} is {address}, an address of an internal network; set "
        "TELLTALE_NOTIFY__ALLOW_INTERNAL=true if that is meant"
    )


def is_public(text: str) -> bool:
    """Whether an IP address is on the public Internet, also when it hides an IPv4 one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(one.is_global and not one.is_multicast for one in _meant(address))


def _meant(address: _Address) -> list[_Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    hidden: list[_Address | None] = [address, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        hidden.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in hidden if one is not None]
