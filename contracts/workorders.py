"""What a workshop is to do on one vehicle, so that it comes in once for several alerts."""

from typing import Literal

import msgspec

from contracts.alerts import Outcome

OrderState = Literal["proposed", "planned", "done", "cancelled"]


class Job(msgspec.Struct, frozen=True):
    """One part to look at: `alert_id` asked for it; `checks` stand cheapest first, with minutes.

    `outcome` and `note` are what was found, "" until then.
    """

    mode: str
    label: str
    part: str
    alert_id: str
    checks: list[tuple[str, int]]
    outcome: Outcome | Literal[""] = ""
    note: str = ""


class WorkOrder(msgspec.Struct, frozen=True):
    """The newest version of one work order; a row of `work_orders`. Times are Unix milliseconds.

    `due_ms` is until when waiting is bearable by the risk; `start_ms` when it is to begin,
    `minutes` how long it takes; `why` says how that day was chosen. `edit_id` names the writing of
    this version, `actor` who wrote it. `acknowledged`: the alerts that were open when it was made.
    """

    order_id: str
    tenant: str
    profile: str
    vehicle_id: str
    depot: str
    state: OrderState
    jobs: list[Job]
    minutes: int
    due_ms: int
    start_ms: int
    why: str
    created_ms: int
    updated_ms: int
    actor: str
    version: int
    edit_id: str
    note: str = ""
    acknowledged: list[str] = []
