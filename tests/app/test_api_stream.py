"""The live stream: what changes arrives, what was missed comes again, once."""

import json
import time
from types import SimpleNamespace

import pytest

from tests.app import sample_fleet

pytestmark = pytest.mark.stack


class Reader:
    """Server-sent events of one connection."""

    def __init__(self, response):
        self._lines = response.iter_lines()

    def next(self, kind):
        """The id and data of the next event of this kind."""
        found = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            found[name] = value
            if not line:
                if found.get("event") == kind:
                    return found["id"], json.loads(found["data"])
                found = {}
        raise AssertionError("the stream ended")


def listen(api, last_id="", **query):
    headers = {"Last-Event-ID": last_id} if last_id else {}
    return api.client.stream("GET", "/api/stream", headers=headers, params=query)


def test_a_new_alert_and_its_end_arrive(api):
    with listen(api) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        reader = Reader(response)
        reader.next("fleet")
        for state in ("open", "acknowledged", "resolved"):
            alert = sample_fleet.alert("V0002", api.now_ms, state=state, alert_id="streamed")
            api.store.write_alerts([alert], [])
            _, told = reader.next("alert")
            assert (told["alert_id"], told["state"]) == ("streamed", state)


def test_a_returning_client_gets_what_it_missed_once(api):
    def change(number, state="open"):
        alert = sample_fleet.alert("V0002", api.now_ms + number, state=state, alert_id="missed")
        api.store.write_alerts([alert], [])

    with listen(api) as staying:
        reader = Reader(staying)
        reader.next("fleet")
        ids = []
        for number in range(4):
            change(number)
            ids.append(reader.next("alert")[0])
        with listen(api, ids[0]) as returning:
            again = Reader(returning)
            assert [again.next("alert")[0] for _ in range(3)] == ids[1:]
        change(4, "resolved")
        assert reader.next("alert")[1]["state"] == "resolved"


def test_who_comes_later_gets_the_counts_at_once(api):
    with listen(api) as first:
        told = Reader(first).next("fleet")
        with listen(api) as second:
            assert Reader(second).next("fleet") == told


def test_who_looks_at_a_vehicle_hears_of_its_scores_alone(api):
    def score(number, later_ms):
        api.store.write_risk(sample_fleet.risk_rows(number, api.now_ms + later_ms, days=1))

    with listen(api, vehicle="V0007") as one, listen(api, vehicle="V0008") as other:
        first, second = Reader(one), Reader(other)
        assert first.next("risk")[1]["vehicle_id"] == "V0007"
        before = second.next("risk")[1]
        for later_ms in (1_000, 2_000):
            score(7, later_ms)
            told = first.next("risk")[1]
            assert told == {"vehicle_id": "V0007", "scored_ms": api.now_ms - 60_000 + later_ms}
        score(8, 3_000)
        last, told = second.next("risk")
        assert told["scored_ms"] == api.now_ms - 60_000 + 3_000 > before["scored_ms"]
        score(8, 4_000)
        second.next("risk")
        with listen(api, last, vehicle="V0008") as again:
            assert Reader(again).next("risk")[1]["scored_ms"] == api.now_ms - 60_000 + 4_000


@pytest.mark.parametrize("last_id", ["0-1", "nonsense", "0-x", "-"])
def test_a_client_from_another_life_reads_anew(api, last_id):
    with listen(api, last_id) as response:
        assert Reader(response).next("reset")[1] == {}


@pytest.fixture
def shared(monkeypatch):
    """What readers ask at the same moment, where a moment lasts."""
    slow = SimpleNamespace(monotonic=lambda: time.monotonic() / 1_000)
    monkeypatch.setattr("app.api.looks.time", slow)


def reads(api, name):
    return name in api.client.get("/alerts?part=live").text


@pytest.mark.usefixtures("shared")
def test_who_was_told_of_a_change_reads_what_came_of_it(api):
    with listen(api) as response:
        reader = Reader(response)
        reader.next("fleet")
        for state, shown in (("open", True), ("resolved", False)):
            assert reads(api, "just-told") is not shown
            alert = sample_fleet.alert("V0002", api.now_ms, state=state, alert_id="just-told")
            api.store.write_alerts([alert], [])
            reader.next("alert")
            assert reads(api, "just-told") is shown


@pytest.mark.usefixtures("shared")
def test_who_changed_something_reads_what_came_of_it(api):
    finding = {"mode": "coolant_pump", "outcome": "no_fault_found"}
    for state, shown in (("open", True), ("resolved", False)):
        assert reads(api, "just-made") is not shown
        alert = sample_fleet.alert("V0002", api.now_ms, state=state, alert_id="just-made")
        api.store.write_alerts([alert], [])
        api.client.post("/api/vehicles/V0001/findings", json=finding).raise_for_status()
        assert reads(api, "just-made") is shown
