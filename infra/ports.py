"""Free ports on loopback."""

import ipaddress
import socket

from contracts.errors import UnavailableError

LOOPBACK = "127.0.0.1"


def choose_port(wanted: int, preferred: int, what: str, setting: str) -> int:
    """The port that is set, else the one used last if it is free, else any free one.

    Raises UnavailableError when the port that is set is taken.
    """
    if wanted:
        if not is_free(wanted):
            msg = f"port {wanted} of {what} is in use; free it, or set {setting} to another or 0"
            raise UnavailableError(msg)
        return wanted
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_loopback(host: str) -> bool:
    """Whether this name or address means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def accepts(port: int) -> bool:
    """Whether something accepts connections on this port of loopback."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=0.5):
            return True
    except OSError:
        return False
