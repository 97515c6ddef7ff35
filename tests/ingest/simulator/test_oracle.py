import numpy as np
import pytest

from ingest.simulator.fleet import Fleet
from ingest.simulator.spec import DAY_MS, FleetSpec

SPEC = FleetSpec({"car-electric": 150}, 3, 1_704_067_200_000, 300)


@pytest.fixture(scope="module")
def fleet():
    return Fleet(SPEC)


@pytest.mark.parametrize("horizon", [7, 30, 90])
def test_the_oracle_is_calibrated(fleet, horizon):
    at = SPEC.start_ms + np.arange(10, SPEC.days - horizon, 10) * DAY_MS
    expected = observed = 0.0
    failures = [f for f in fleet.truth() if f.mode == "dcdc_converter"]
    for vehicle_id in fleet.vehicle_ids:
        risk = fleet.oracle_risk(vehicle_id, "dcdc_converter", at, horizon)
        expected += np.nansum(risk)
        mine = [f.time_ms for f in failures if f.vehicle_id == vehicle_id]
        observed += sum(any(t < m <= t + horizon * DAY_MS for m in mine) for t in at)
    assert expected / observed == pytest.approx(1, abs=0.3)


def test_risk_grows_with_the_horizon(fleet):
    at = SPEC.start_ms + np.arange(5, 250, 5) * DAY_MS
    for vehicle_id in fleet.vehicle_ids[:20]:
        near, mid, far = (
            fleet.oracle_risk(vehicle_id, "insulation", at, days) for days in (7, 30, 90)
        )
        whole = np.isfinite(near)
        assert whole.any()
        assert (near[whole] >= 0).all()
        assert (near[whole] <= mid[whole] + 1e-6).all()
        assert (mid[whole] <= far[whole] + 1e-6).all()
        assert (far[whole] <= 1).all()
