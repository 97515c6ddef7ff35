"""Which role may use which route: the one table. What it doesn't name is for admins only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts.access import PEOPLE, ROLES, Role

READS = frozenset({"GET", "HEAD", "OPTIONS"})
ANYONE: frozenset[Role] = frozenset()
ALL: frozenset[Role] = frozenset(ROLES)
ADMINS: frozenset[Role] = frozenset({"admin"})
DESKS: frozenset[Role] = frozenset({"fleet_manager", "service_desk", "admin"})
"""They act on alerts, work orders and findings."""
LABS: frozenset[Role] = frozenset({"data_scientist", "admin"})
"""They look at models, promote them and start trainings."""
SENDERS: frozenset[Role] = frozenset({"ingest", "admin"})


@dataclass(frozen=True)
class Rule:
    """`path` is a path, or with "/*" at its end that path and all below it.

    `roles` empty: no credential is needed. `home`: only for the installation's own tenant, because
    what the route tells belongs to all tenants (topics, dead letters, processes).
    """

    does: Literal["read", "write", "any"]
    path: str
    roles: frozenset[Role]
    home: bool = False

    @property
    def open(self) -> bool:
        """Whether anyone may come."""
        return not self.roles

    def fits(self, method: str, path: str) -> bool:
        """Whether a request falls under this rule."""
        if self.does != "any" and (method in READS) != (self.does == "read"):
            return False
        if self.path.endswith("/*"):
            return path == self.path[:-2] or path.startswith(self.path[:-1])
        return path == self.path


def _each(
    does: Literal["read", "write", "any"],
    roles: frozenset[Role],
    *paths: str,
    home: bool = False,
) -> Iterable[Rule]:
    return (Rule(does, path, roles, home) for path in paths)


RULES: tuple[Rule, ...] = (
    *_each("read", ANYONE, "/healthz", "/static/*", "/sign-in/*"),
    *_each("write", ANYONE, "/sign-in/*"),
    *_each("write", SENDERS, "/v1/telemetry"),
    *_each("read", ALL, "/api/me", "/api/openapi.json"),
    *_each("write", PEOPLE, "/sign-out", "/display", "/api/me/*"),
    # The fleet: everyone looks, the desks act.
    *_each("read", PEOPLE, "/", "/vehicles/*", "/alerts/*", "/figures/*", "/workorders/*"),
    *_each("read", PEOPLE, "/api/fleet/*", "/api/figures/*", "/api/vehicles/*", "/api/alerts/*"),
    *_each("read", PEOPLE, "/api/fleets", "/api/silences/*", "/api/workorders/*", "/api/stream"),
    *_each("write", DESKS, "/vehicles/*", "/alerts/*", "/workorders/*"),
    *_each("write", DESKS, "/api/alerts/*", "/api/silences/*", "/api/workorders/*"),
    *_each("write", DESKS, "/api/vehicles/*"),
    # The lab: models serve the whole installation.
    *_each("any", LABS, "/lab/*", "/api/models/*", "/api/trainings/*", home=True),
    *_each("any", LABS, "/api/drift/*", home=True),
    # The platform itself.
    *_each("read", LABS, "/status", "/api/status", "/metrics", "/api/dead-letters/*", home=True),
    *_each("write", ADMINS, "/api/dead-letters/*", home=True),
    *_each("any", ADMINS, "/api/keys/*", "/api/users/*", "/api/audit"),
)
REST = Rule("any", "/*", ADMINS, home=True)


def rule_of(method: str, path: str) -> Rule:
    """The first rule that a request falls under, else REST: for admins of the home tenant, who see
    that nothing is there.
    """
    return next((rule for rule in RULES if rule.fits(method, path)), REST)
