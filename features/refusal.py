"""Why the engine refused a record."""

from dataclasses import dataclass

from contracts.dead_letters import Reason


@dataclass(frozen=True)
class Refusal:
    """`index` is the record's place in what was handed in; `detail` says in words what was found
    and what is allowed.
    """

    index: int
    reason: Reason
    detail: str
