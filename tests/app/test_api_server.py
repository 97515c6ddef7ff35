"""The server around the routes: guard, problems, metrics, a store that is away."""

import httpx
import pytest

from app.settings import load_settings
from infra.connections import ClickHouseConnection
from tests.app.serving import serve

pytestmark = pytest.mark.stack


def test_every_answer_forbids_inline_script(api):
    for path in ("/", "/api/fleet", "/static/base.css", "/nothing"):
        headers = api.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example"])
def test_a_rebound_name_is_refused(api, host):
    answer = api.client.get("/api/fleet", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:telltale:problem:foreign-host"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_sites_page_may_not_write(api, origin):
    answer = api.client.post("/api/alerts/x/acknowledge", json={}, headers={"Origin": origin})
    assert answer.status_code == 403
    same = {"Origin": api.url}
    assert api.client.post("/api/alerts/x/acknowledge", json={}, headers=same).status_code == 404


def test_unknown_paths_and_methods_are_problems(api):
    assert api.client.get("/api/nothing").json()["type"] == "urn:telltale:problem:not-found"
    answer = api.client.delete("/api/fleet")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


def test_status_tells_topics_and_rows(api):
    found = api.client.get("/api/status").json()
    assert found["tables"]["alerts"] > 0
    assert {one["topic"] for one in found["topics"]} >= {"telemetry", "commands"}
    assert found["problems"] == []


def test_metrics_count_by_route_not_by_vehicle(api):
    api.client.get("/api/vehicles/V0001")
    api.client.get("/api/vehicles/V0002")
    text = api.client.get("/metrics").text
    assert 'route="/api/vehicles/{key:path}"' in text
    assert "V0001" not in text


def test_the_description_names_every_route(api):
    paths = api.client.get("/api/openapi.json").json()["paths"]
    assert {"/api/fleet", "/api/alerts/{alert_id}/resolve", "/api/stream"} <= set(paths)
    assert api.client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{ 7*7 }}", '"><img src=x onerror=alert(1)>']
)
def test_pages_show_text_as_text(api, text):
    for path in ("/", f"/vehicles/{text.replace('/', '%2F')}"):
        page = api.client.get(path, params={"q": text}).text
        assert text not in page or text == "{{ 7*7 }}"
        assert "49" not in page.split("<main")[1].split("</h2>")[0] or text != "{{ 7*7 }}"


def test_a_store_that_is_away_is_said_so(tmp_path):
    away = ClickHouseConnection(url="http://127.0.0.1:9")
    settings = load_settings(home=tmp_path, clickhouse=away)
    with serve(settings) as url:
        answer = httpx.get(f"{url}/api/fleet", timeout=20)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "TELLTALE_CLICKHOUSE__URL" in answer.json()["detail"]
        page = httpx.get(f"{url}/", timeout=20)
        assert page.status_code == 503
        assert "Store or broker is away" in page.text
        assert httpx.get(f"{url}/healthz", timeout=20).status_code == 200


def test_an_embedded_store_that_never_started_is_said_so(tmp_path):
    with serve(load_settings(home=tmp_path)) as url:
        answer = httpx.get(f"{url}/api/vehicles/V0001", timeout=20)
        assert answer.status_code == 503
        assert "telltale up" in answer.json()["detail"]
