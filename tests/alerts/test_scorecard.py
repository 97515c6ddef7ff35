import pytest

from alerts.scorecard import DAY_MS, Failure, Raised, Stretch, score

WEEK = Stretch(since_ms=0, until_ms=28 * DAY_MS, vehicles=50, hours=2_000.0)


def failure(day: float, *, vehicle: str = "V1", predictable: bool = True) -> Failure:
    return Failure(vehicle, "turbo", int(day * DAY_MS), predictable)


def alert(day: float, *, vehicle: str = "V1", mode: str = "turbo") -> Raised:
    return Raised(vehicle, mode, int(day * DAY_MS))


def test_an_early_alert_catches_its_failure():
    card = score([alert(5)], [failure(20)], WEEK)
    assert (card.caught_3d, card.false_alarms, card.precision) == (1, 0, 1.0)
    assert card.median_lead_days == pytest.approx(15)


@pytest.mark.parametrize(("day", "caught"), [(17.0, 1), (17.1, 0), (20.5, 0)])
def test_lead_must_be_three_days(day: float, caught: int):
    assert score([alert(day)], [failure(20)], WEEK).caught_3d == caught


def test_another_part_or_vehicle_is_a_false_alarm():
    card = score([alert(5, mode="dpf"), alert(5, vehicle="V2")], [failure(20)], WEEK)
    assert (card.caught_3d, card.false_alarms) == (0, 2)
    assert card.false_alarms_per_100_vehicles_week == pytest.approx(1.0)
    assert card.false_alarms_per_1000_h == pytest.approx(1.0)


def test_a_failure_after_the_stretch_makes_its_alert_true_but_is_not_counted():
    card = score([alert(27)], [failure(40)], WEEK)
    assert (card.failures, card.false_alarms) == (0, 0)


def test_an_alert_longer_before_than_the_horizon_is_false():
    assert score([alert(1)], [failure(62)], WEEK).false_alarms == 1


def test_shocks_and_the_warm_up_do_not_count_as_predictable():
    card = score([], [failure(3), failure(20, predictable=False), failure(21)], WEEK)
    assert (card.failures, card.predictable_failures) == (2, 1)


def test_alerts_outside_the_stretch_are_not_shown():
    assert score([alert(-1), alert(28)], [], WEEK).alerts == 0
