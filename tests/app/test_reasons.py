"""Why a vehicle below the alert line is at the risk that it is, by API, page and command line."""

import httpx
import pytest
from typer.testing import CliRunner

from app.alerting.models import Models
from app.cli.main import app
from contracts.errors import ModelError
from contracts.records import VehicleEvent
from features.profile import builtin_profiles
from infra.store import ClickHouseStore
from tests.app.prior_alerter import LINE, OneShelf
from tests.app.serving import LINE as SERVED_LINE
from tests.app.serving import serve
from tests.app.stream_fixtures import PROFILE, START
from tests.app.test_alert_desk import OPENED, fill
from tests.app.test_alerter import PUMP, scores
from tests.app.test_worker import environment

pytestmark = pytest.mark.stack
RISK = (0.03, 0.1, 0.2)


class Shelf(OneShelf):
    """The one model, of whose training nothing was kept."""

    def manifest(self, _model):
        raise ModelError("nothing was kept")


@pytest.fixture(scope="module")
def desk(stack):
    """A client, and settings of a store in which V001 is below the line and has no alert."""
    settings = stack.fresh()
    fill(settings)
    store, rows = ClickHouseStore(settings.store()), scores(2)
    rows.risk[1, PUMP] = RISK
    store.write_risk(rows)
    found = {"outcome": "confirmed_part", "note": "shaft leaks"}
    finding = ("default", PROFILE.name, "V002", START, "finding", "coolant_pump", found)
    store.write_events([VehicleEvent(*finding)])
    models = Models(OneShelf(), builtin_profiles())
    with serve(settings, models=models) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client, settings


def test_the_highest_risk_is_explained_without_an_alert(desk):
    client, _ = desk
    told = client.get("/api/vehicles/AB-123-CD/reasons").json()
    assert (told["mode"], told["part"]) == ("coolant_pump", PROFILE.mode("coolant_pump").part)
    assert (told["model"], told["scored_ms"], told["alert_id"]) == ("prior-1", OPENED, "")
    assert told["risk"]["days_30"] == pytest.approx(RISK[1])
    assert (told["line"], told["clears_below"]) == (SERVED_LINE, SERVED_LINE / 2)
    first = told["reasons"][0]
    assert first["text"].startswith("Coolant temperature runs 9 °C above")
    assert (first["value"], first["expected"], first["unit"]) == (95, 86, "°C")
    assert [one["code"] for one in told["fault_codes"]] == ["SPN 110 FMI 0"]
    assert told["cases"]["outcomes"] == {"confirmed_part": 1}
    assert told["cases"]["likest"][0]["note"] == "shaft leaks"


def test_any_part_can_be_asked_about(desk):
    client, _ = desk
    told = client.get("/api/vehicles/V001/reasons", params={"mode": "turbocharger"}).json()
    assert (told["mode"], told["fault_codes"], told["cases"]) == ("turbocharger", [], None)
    wrong = client.get("/api/vehicles/V001/reasons", params={"mode": "mood"})
    assert (wrong.status_code, "coolant_pump" in wrong.json()["detail"]) == (404, True)
    assert client.get("/api/vehicles/nobody/reasons").status_code == 404
    ClickHouseStore(desk[1].store()).write_events(
        [VehicleEvent("default", PROFILE.name, "V900", START, "registration", "NEW-1", {})]
    )
    unscored = client.get("/api/vehicles/V900/reasons")
    assert (unscored.status_code, unscored.json()["title"]) == (409, "No score yet")


def test_a_person_asks_for_it_on_the_page(desk):
    client, _ = desk
    page = client.get("/vehicles/V001").text
    asks = 'hx-get="/vehicles/V001?part=reasons"'
    assert asks in page
    assert "Coolant temperature runs 9 °C above" not in page
    told = client.get("/vehicles/V001?part=reasons").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Coolant temperature runs 9 °C above" in told
    assert "<b>SPN 110 FMI 0</b>" in told
    assert "shaft leaks" in told
    assert "An alert opens once the risk stays at 15 % or more" in told
    french = client.get("/vehicles/V001?part=reasons", headers={"Accept-Language": "fr"}).text
    assert "Une alerte s'ouvre quand" in french.replace("&#39;", "'")


def test_the_command_line_tells_codes_numbers_and_the_line(desk, monkeypatch):
    monkeypatch.setattr("app.cli.risk.Registry", lambda _folder: Shelf())
    done = CliRunner().invoke(app, ["risk", "V001"], env=environment(desk[1]))
    assert done.exit_code == 0, done.output
    told = done.stdout
    assert "Why coolant pump, 10.0% in 30 days by prior-1:" in told
    assert "(95, expected 86 °C)" in told
    assert "- Fault code SPN 110 FMI 0: Engine coolant far too hot" in told
    assert "Workshops found on others: this part was at fault (1)" in told
    assert f"An alert opens once it stays at {LINE:.1%} or more" in told
