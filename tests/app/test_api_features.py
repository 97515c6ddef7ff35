"""What a vehicle was scored by, and what a fleet is made of, as programs ask for it."""

import numpy as np
import pytest

from contracts.batches import FeatureRows

pytestmark = pytest.mark.stack
DAY = 86_400_000


def rows(names, times, values):
    count = len(times)
    return FeatureRows(
        "truck-diesel",
        names,
        ["default"] * count,
        ["V0001"] * count,
        np.array(times),
        ["due"] * count,
        np.array(values, np.float32),
    )


@pytest.fixture(scope="module")
def scored(api):
    """Three vectors of now, and one of an engine that had other columns."""
    now = api.now_ms
    api.store.write_features(rows(["oil", "age"], [now - 3 * DAY], [[9, 9]]))
    times = [now - 2 * DAY, now - DAY, now - 1]
    api.store.write_features(
        rows(["oil", "coolant", "age"], times, [[1, 2, 3], [4, np.nan, 6], [7, 8, 9]])
    )
    return times


def features(api, **query):
    answer = api.client.get("/api/vehicles/kl-101-ty/features", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_newest_vector_has_all_that_was_seen(api, scored):
    found = features(api)
    assert (found["vehicle_id"], found["names"]) == ("V0001", ["oil", "coolant", "age"])
    assert (found["time_ms"], found["values"]) == ([scored[-1]], [[7, 8, 9]])


def test_named_features_over_time_and_what_is_missing(api, scored):
    found = features(api, name=["coolant", "oil"], rows=10)
    assert found["time_ms"] == scored
    assert found["values"] == [[2, 1], [None, 4], [8, 7]]
    assert features(api, rows=10, since=scored[1])["time_ms"] == scored[1:]


def test_an_unknown_feature_is_a_problem_and_a_vehicle_without_scores_none(api, scored):
    answer = api.client.get("/api/vehicles/V0001/features", params={"name": "colour"})
    assert answer.status_code == 404
    assert "no feature 'colour'" in answer.json()["detail"]
    later = features(api, name=["colour"], since=scored[-1] + 1)
    assert (later["time_ms"], later["values"]) == ([], [])


def test_fleets_say_what_filters_and_findings_take(api):
    found = api.client.get("/api/fleets").json()
    assert "Lille" in found["depots"]
    trucks = next(one for one in found["fleets"] if one["profile"] == "truck-diesel")
    assert {"mode": "scr", "label": "SCR catalyst and dosing"} in trucks["modes"]
