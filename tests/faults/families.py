"""Every scenario, in the order of the table."""

from tests.faults.scenarios import (
    alerts,
    broker,
    flow,
    fuzz,
    inputs,
    kills,
    members,
    models,
    mutants,
    network,
    snapshots,
    store,
)

SCENARIOS = (
    *kills.SCENARIOS,
    *store.SCENARIOS,
    *broker.SCENARIOS,
    *network.SCENARIOS,
    *members.SCENARIOS,
    *snapshots.SCENARIOS,
    *inputs.SCENARIOS,
    *fuzz.SCENARIOS,
    *models.SCENARIOS,
    *alerts.SCENARIOS,
    *flow.SCENARIOS,
    *mutants.SCENARIOS,
)
