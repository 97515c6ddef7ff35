"""The lab from a started training to a promoted model and back, over HTTP and a real store."""

import shutil
import time

import httpx
import pytest

from contracts.records import VehicleEvent
from infra.store import ClickHouseStore
from ingest.simulator.spec import DAY_MS
from models.registry import Registry
from tests.app import lab_fleet
from tests.app.lab_fleet import TRAINED_UNTIL
from tests.app.serving import serve
from tests.models.fleet import blind

pytestmark = pytest.mark.stack
PROFILE = "car-electric"
PATIENCE_S = 120


@pytest.fixture(scope="module")
def lab(stack):
    """A served lab over a fleet's first days; its client, store, registry and whole history."""
    settings, memory = stack.fresh(), lab_fleet.history(PROFILE)
    store = ClickHouseStore(settings.store())
    lab_fleet.write(store, memory, until_ms=TRAINED_UNTIL)
    with serve(settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client, store, Registry(settings.models_dir), memory


@pytest.fixture(scope="module")
def model(lab):
    """A model that was trained by asking for it; what was told meanwhile."""
    client, *_ = lab
    begun = client.post("/api/trainings", json={"profile": PROFILE, "actor": "Ada"}).json()
    busy = client.post("/api/trainings", json={"profile": PROFILE})
    told, until = [], time.monotonic() + PATIENCE_S
    while not told or told[-1]["state"] == "running":
        assert time.monotonic() < until
        told.append(client.get(f"/api/trainings/{begun['training_id']}").json())
        time.sleep(0.2)
    assert told[-1]["state"] == "done", told[-1]["error"]
    return told[-1]["model"], told, busy


def promote(client, model, reason, alias="champion"):
    given = {"reason": reason, "alias": alias, "actor": "Ada"}
    return client.post(f"/api/models/{model}/promote", json=given)


def test_a_training_is_watched_to_its_end_and_nobody_is_promoted(lab, model):
    client, *_ = lab
    name, told, busy = model
    assert (busy.status_code, "is running" in busy.json()["detail"]) == (409, True)
    assert {"expectation", "models"} & {one["step"] for one in told}
    assert all(0 <= one["share"] <= 1 for one in told)
    assert (told[-1]["actor"], told[-1]["share"]) == ("Ada", 1.0)
    found = client.get(f"/api/models/{name}").json()
    assert (found["aliases"], found["vehicles"]) == ([], 70)
    page = client.get(f"/lab?profile={PROFILE}").text
    assert name in page
    assert "pooled" in {one["method"] for one in found["modes"]}
    assert "learnt with all parts" in page
    assert client.get("/lab?part=trainings").headers["HX-Refresh"] == "true"


def test_its_curves_come_with_costs_and_capacity(lab, model):
    client, *_ = lab
    found = client.get(f"/api/models/{model[0]}/curves").json()
    assert (found["currency"], found["profile"]) == ("EUR", PROFILE)
    assert found["modes"]
    for one in found["modes"]:
        lead, cost, gain = one["lead"], one["cost"], one["gain"]
        assert lead["y"] == sorted(lead["y"], reverse=True)
        assert 0 <= lead["y"][0] <= 1
        assert gain["x"] == sorted(gain["x"])
        assert (gain["x"][0], gain["y"][0]) == (0, 0)
        # At the last line nothing alerts, and that costs what doing nothing costs.
        assert cost["y"][-1] == pytest.approx(one["doing_nothing"])
        assert min(cost["y"]) < one["doing_nothing"]
        assert one["precision_recall"]["x"][-1] == 1
        assert min(one["learning"]["y"]) < one["learning"]["y"][0]
    unknown = client.get("/api/models/car-electric-0/curves")
    assert unknown.status_code == 404


def test_a_decision_needs_a_reason_and_can_be_taken_back(lab, model):
    client, _, registry, _ = lab
    first = model[0]
    assert promote(client, first, " ").status_code == 422
    assert registry.champion(PROFILE) is None
    assert promote(client, first, "first of its kind").json()["before"] == ""
    bundle, record = registry.load(first)[0], registry.manifest(first).record
    second = registry.save(blind(bundle), record)
    promote(client, second, "an experiment")
    assert registry.champion(PROFILE) == second
    back = client.post(
        "/api/models/rollback", json={"profile": PROFILE, "reason": "blind", "actor": "Ada"}
    )
    assert (back.json()["model"], back.json()["before"]) == (first, second)
    assert registry.champion(PROFILE) == first
    page = client.get(f"/lab?profile={PROFILE}").text
    assert "an experiment" in page
    assert promote(client, second, "to be watched", "shadow").status_code == 200


def test_the_shadow_is_held_against_the_champion_once_both_have_scored(lab):
    client, store, registry, memory = lab
    first, second = registry.champion(PROFILE), registry.shadow(PROFILE)
    refused = client.get(f"/api/models/{first}/compared-with/{second}")
    assert (refused.status_code, "let data stream" in refused.json()["detail"]) == (409, True)
    assert "let data stream" in client.get(f"/lab?part=shadow&profile={PROFILE}").text
    end = memory.span("default", PROFILE)[1]
    lab_fleet.write(store, memory, since_ms=TRAINED_UNTIL)
    for name, put in ((first, store.write_risk), (second, store.write_shadow)):
        bundle = registry.load(name)[0]
        put(lab_fleet.scored(memory, bundle, TRAINED_UNTIL, end))
    found = client.get(f"/api/models/{first}/compared-with/{second}").json()
    assert found["verdict"] == first
    loss = next(one for one in found["figures"] if one["figure"] == "log loss")
    assert loss["first"] < loss["second"]
    assert 0 < loss["low"] < loss["high"]
    assert first[-8:] in client.get(f"/lab?part=shadow&profile={PROFILE}").text


def test_a_shadow_can_be_ended(lab):
    client, _, registry, _ = lab
    shadow = registry.shadow(PROFILE)
    button = f'data-withdraw="shadow" data-model="{shadow}"'
    assert button in client.get(f"/lab?profile={PROFILE}").text
    given = {"profile": PROFILE, "reason": "seen enough", "actor": "Ada"}
    assert client.post("/api/models/withdraw", json=given | {"reason": " "}).status_code == 422
    assert client.post("/api/models/withdraw", json=given | {"alias": "champion"}).is_error
    done = client.post("/api/models/withdraw", json=given).json()
    assert (done["action"], done["model"], done["before"]) == ("withdraw", "", shadow)
    assert registry.shadow(PROFILE) is None
    page = client.get(f"/lab?profile={PROFILE}").text
    assert button not in page
    assert "seen enough" in page
    again = client.post("/api/models/withdraw", json=given)
    assert (again.status_code, "has no shadow" in again.json()["detail"]) == (409, True)


def test_labels_that_came_since_the_champion_are_counted(lab):
    client, store, *_ = lab
    now = TRAINED_UNTIL + 90 * DAY_MS
    detail = {"outcome": "confirmed_part", "note": "bearing loud <b>"}
    told = VehicleEvent("default", PROFILE, "V000001", now, "finding", "insulation", detail)
    named = VehicleEvent("default", PROFILE, "V000001", now, "registration", "AB-1-CD", {})
    store.write_events([told, named])
    page = client.get(f"/lab?profile={PROFILE}").text
    assert "bearing loud &lt;b&gt;" in page
    assert '<a href="/vehicles/V000001">AB-1-CD</a>' in page


LEFT_OUT = {
    "en": "{folder} is left out, because model {model} is damaged: its manifest is not what was",
    "fr": "{folder} est laissé de côté : le modèle {model} est abîmé, son manifeste n&#39;est pas",
}


@pytest.mark.parametrize("language", LEFT_OUT)
def test_a_model_that_cannot_be_read_is_named_with_the_reason(lab, model, language):
    client, _, registry, _ = lab
    folder, torn = registry.root / PROFILE, f"{PROFILE}-torn{language}"
    shutil.copytree(folder / model[0], folder / torn)
    (folder / torn / "manifest.json").write_bytes(b"{}")
    page = client.get(f"/lab?profile={PROFILE}", headers={"Accept-Language": language}).text
    assert LEFT_OUT[language].format(folder=f"{PROFILE}/{torn}", model=torn) in page
    (told,) = (one for one in client.get("/api/models").json()["left_out"] if one["model"] == torn)
    assert (told["profile"], "is damaged" in told["reason"]) == (PROFILE, True)
    shutil.rmtree(folder / torn)
    assert torn not in client.get(f"/lab?profile={PROFILE}").text
