"""What became of commands."""

from contracts.alerts import Answer
from infra.clickhouse import ClickHouse


def answer_of(store: ClickHouse, tenant: str, command_id: str) -> Answer | None:
    """The answer to a command, None while there is none."""
    rows = store.rows(
        """
        SELECT command_id, tenant, vehicle_id, alert_id, action, actor,
            toUnixTimestamp64Milli(time), done, why
        FROM alert_commands FINAL WHERE tenant = %(tenant)s AND command_id = %(command)s
        """,
        tenant=tenant,
        command=command_id,
    )
    return Answer(*rows[0]) if rows else None
