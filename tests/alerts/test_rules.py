from alerts.rules import fault_code_rule, mileage_intervals, mileage_rule
from alerts.scorecard import DAY_MS
from contracts.records import EventKind, VehicleEvent
from features.profile import builtin_profile

MACHINE = builtin_profile("machine")
MODE = MACHINE.modes[0]


def event(kind: EventKind, code: str, day: int, vehicle: str = "M1") -> VehicleEvent:
    return VehicleEvent("default", "machine", vehicle, day * DAY_MS, kind, code)


def test_a_fault_code_raises_its_modes_once_in_sixty_days():
    code = MODE.fault_codes[0]
    days = [1, 2, 70]
    raised = fault_code_rule(MACHINE, [event("fault_code", code, day) for day in days])
    mine = [r.time_ms // DAY_MS for r in raised if r.mode == MODE.name]
    assert mine == [1, 70]


def test_a_stranger_code_raises_nothing():
    assert fault_code_rule(MACHINE, [event("fault_code", "P9999", 1)]) == []


def test_the_mileage_rule_counts_from_the_last_replacement():
    events = [event("registration", "", 0), event("replacement", MODE.part, 50)]
    raised = mileage_rule(MACHINE, events, {MODE.name: 30 * DAY_MS}, until_ms=90 * DAY_MS)
    assert [r.time_ms // DAY_MS for r in raised] == [30, 80]


def test_a_part_replaced_in_time_is_not_raised():
    events = [event("registration", "", 0), event("replacement", MODE.part, 20)]
    raised = mileage_rule(MACHINE, events, {MODE.name: 30 * DAY_MS}, until_ms=40 * DAY_MS)
    assert raised == []


def test_intervals_come_from_lives_of_failed_parts():
    events = [event("registration", "", 0, f"M{k}") for k in range(6)]
    events += [event("failure", MODE.name, 10 * (k + 1), f"M{k}") for k in range(6)]
    assert mileage_intervals(MACHINE, events, quantile=0.0) == {MODE.name: 10 * DAY_MS}
    assert mileage_intervals(MACHINE, events[:10]) == {}
