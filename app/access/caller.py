"""Who asks: known from a key, a session, or from asking on this machine while all is open."""

from dataclasses import dataclass

from contracts.access import Role

OPEN = "open"
_VIN_READERS: frozenset[Role] = frozenset({"service_desk", "admin"})


@dataclass(frozen=True)
class Caller:
    """Someone with a tenant and a role. Everything that he sees or changes is this tenant's.

    `credential` names his key or session for the audit log and for limits; `vehicles` are the
    patterns that he may send telemetry for; `csrf` is what the pages of his session send along.
    """

    tenant: str
    role: Role
    name: str
    credential: str
    vehicles: tuple[str, ...] = ()
    csrf: str = ""
    ends_ms: int = 0

    @property
    def is_open(self) -> bool:
        """Nobody signed in, because nobody has to."""
        return self.credential == OPEN

    @property
    def reads_vins(self) -> bool:
        """Whether whole VINs are shown."""
        return self.role in _VIN_READERS

    def signs(self, given: str) -> str:
        """The name under which something is done: the caller's own, whatever was given; where all
        is open, the one that was given.
        """
        return given if self.is_open else self.name


def local(tenant: str) -> Caller:
    """Whoever sits at this machine while nobody has to sign in."""
    return Caller(tenant, "admin", "", OPEN, ("*",))
