"""A simulated fleet of one profile as the store keeps it, for the lab to learn from."""

from msgspec.structs import replace

from app.cli.evaluate.fleet import START_MS
from contracts.batches import RiskRows
from contracts.risk import HORIZONS_DAYS
from features.expectation import Expectation
from features.profile import builtin_profile
from features.vector import feature_names
from infra.reads.drift import Use, write_drift
from ingest.simulator.spec import DAY_MS
from models.drift import Measure
from models.evaluation.fleet import Plan, simulated
from models.fit import Trees
from models.registry import Registry
from models.table import Scope, tabulate
from models.training import Options, train_on

DAYS = 300
TRAINED_UNTIL = START_MS + 220 * DAY_MS


def history(profile, vehicles=70, days=DAYS):
    """The fleet's whole history, in memory."""
    plan = Plan(builtin_profile(profile), vehicles, vehicles, days, (3, 4), START_MS)
    return simulated(plan.fleet(fresh=False), profile)


def write(store, memory, since_ms=0, until_ms=1 << 60):
    """Put a stretch of it into the store."""
    vehicles = memory.vehicles("default", memory.profile)
    store.write_summaries(memory.summaries("default", memory.profile, vehicles, since_ms, until_ms))
    store.write_events(memory.events("default", memory.profile, vehicles, since_ms, until_ms))


def keep_models(settings, profile="truck-diesel", vehicles=64, days=220):
    """A champion and a shadow of a simulated fleet in the registry, with decisions about them."""
    memory, registry = history(profile, vehicles, days), Registry(settings.models_dir)
    end = START_MS + days * DAY_MS
    expectation = Expectation.neutral(builtin_profile(profile))
    table = tabulate(memory, builtin_profile(profile), expectation, Scope("default", 0, end))
    kept = []
    for depth in (3, 1):
        options = Options(folds=3, trees=Trees(max_depth=depth, rounds=40, eta=0.2))
        bundle, record = train_on(table, expectation, options)
        record = replace(record, trained_ms=end, git="f00d", seconds=9.0)
        kept.append(registry.save(bundle, record))
    champion, shadow = kept
    registry.promote(champion, "champion", "Ada", "the first of its kind", end + DAY_MS)
    registry.promote(shadow, "shadow", "Ada", "stumps may be enough", end + 2 * DAY_MS)
    return champion, shadow


def keep_drift(store, champion, profile="truck-diesel"):
    """What a look at the champion's weeks of use found: a signal that left in the newest."""
    names = feature_names(builtin_profile(profile))[:12]
    measures = [
        Measure(
            START_MS + (32 + week) * 7 * DAY_MS,
            "feature",
            name,
            0.05 + 0.01 * place + (0.6 if place == 3 and week == 9 else 0.0),
            0.0,
            0.25,
            drifted=place == 3 and week == 9,
        )
        for week in range(10)
        for place, name in enumerate(names)
    ]
    use = Use("default", profile, champion, names)
    write_drift(store.clickhouse, use, measures, START_MS + 42 * 7 * DAY_MS)


def scored(memory, bundle, since_ms, until_ms):
    """Risk of the rows that are due in a stretch, as the worker would write it."""
    profile = builtin_profile(memory.profile)
    scope = Scope("default", since_ms, until_ms)
    table = tabulate(memory, profile, bundle.expectation, scope)
    names = [table.vehicles[place] for place in table.vehicle.tolist()]
    return risk_rows(bundle, names, table.time_ms, table.values())


def risk_rows(bundle, vehicles, time_ms, values):
    risk = bundle.risk(values, HORIZONS_DAYS)
    tenants = ["default"] * len(vehicles)
    return RiskRows(bundle.profile, bundle.id, bundle.modes, tenants, vehicles, time_ms, risk, None)
