"""Keeps what we send out of our own network: addresses that aren't on the public Internet."""

import ipaddress
import socket
from urllib.parse import urlsplit

from contracts.errors import DataError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


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
        raise ForbiddenError(
            f"{host} is {inside[0]}, an address of an internal network; set "
            "TELLTALE_NOTIFY__ALLOW_INTERNAL=true if that is meant"
        )
    return addresses[0]


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
