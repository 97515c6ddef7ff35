"""The dashboard as a person meets it."""

import base64
import re

import msgspec
import pytest
from playwright.sync_api import expect

from contracts.alerts import Reason
from infra.store import ClickHouseStore
from tests.app import sample_fleet
from tests.app.serving import serve

LIVE = re.compile("part=live")
pytestmark = [pytest.mark.stack, pytest.mark.browser]


def test_the_fleet_shows_what_needs_someone_first(page, complaints):
    page.goto("/")
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Critical")
    expect(rows.first).to_contain_text("Coolant pump")
    expect(page.locator("#summary dt")).to_have_count(5)
    expect(page.locator("#link")).to_have_text("Live")
    assert complaints == []


def test_an_alert_appears_and_goes_without_a_reload(page, fleet, complaints):
    page.goto("/")
    expect(page.locator("#link")).to_have_text("Live")
    page.evaluate("window.marker = 1")
    fresh = sample_fleet.alert("V0003", fleet.now_ms, alert_id="fresh-one")
    fresh = msgspec.structs.replace(fresh, vehicle_id="V0010")
    fleet.store.write_alerts([fresh], [])
    row = page.locator("#row-V0010")
    expect(row).to_contain_text("Soon")
    expect(row).to_contain_text("Turbocharger")
    page.wait_for_timeout(2_500)  # refreshes that the first change asked for are over
    told = msgspec.structs.replace(
        fresh, updated_ms=fleet.now_ms + 1, reasons=[Reason("New words")]
    )
    fleet.store.write_alerts([told], [])
    expect(row).to_contain_text("New words")
    gone = {"state": "resolved", "updated_ms": fleet.now_ms + 2, "resolved_ms": fleet.now_ms + 2}
    fleet.store.write_alerts([msgspec.structs.replace(fresh, **gone)], [])
    expect(row).to_have_count(0)
    assert page.evaluate("window.marker") == 1
    assert complaints == []


def test_the_chart_draws_the_signal_and_its_band(page, complaints):
    page.goto("/vehicles/V0001")
    expect(page.locator("#chart canvas")).to_be_visible()
    expect(page.locator("#chart")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#signal-title")).to_have_text("Coolant temperature, °C")
    expect(page.locator("#key-band")).to_be_visible()
    expect(page.locator("#readout")).to_contain_text("expected")
    page.select_option("#signal", "Powertrain.CombustionEngine.EOP")
    expect(page.locator("#signal-title")).to_have_text("Oil pressure, kPa")
    assert complaints == []


def test_the_vehicle_page_says_why_and_what_to_check_first(page):
    page.goto("/vehicles/V0001")
    expect(page.locator("#head")).to_contain_text("Critical: coolant pump")
    expect(page.locator("#why")).to_contain_text("SPN 110 FMI 0: engine coolant far too hot")
    expect(page.locator("#why .spark polygon")).to_have_count(1)
    expect(page.locator("#codes")).to_contain_text("Engine coolant far too hot")
    expect(page.locator("#checks li").first).to_contain_text("10 min")
    expect(page.locator("#checks")).to_contain_text("€980")
    expect(page.locator("#events")).to_contain_text("oil and filters")
    expect(page.locator("#risk tbody tr")).to_have_count(9)


def test_a_risk_below_the_line_is_explained_when_somebody_asks(page, complaints):
    page.goto("/vehicles/V0008")
    page.get_by_role("button", name="Why this risk?").click()
    expect(page.locator("#asked .reasons li")).to_have_count(1)
    expect(page.locator("#asked")).to_contain_text("An alert opens once the risk stays at 15 %")
    assert complaints == []


def test_slash_leads_to_the_vehicle_by_its_plate(page):
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("kl-101")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("KL-101-TY")


def test_times_are_in_the_viewers_zone(page):
    page.goto("/vehicles/V0005")
    time = page.locator("#head time").first
    wanted = page.evaluate(
        "text => new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', "
        "timeZone: 'Europe/Paris'}).format(new Date(text))",
        time.get_attribute("datetime"),
    )
    expect(time).to_contain_text(wanted)


def test_a_finding_is_reported_without_leaving_the_page(page, complaints):
    page.goto("/vehicles/V0001")
    page.get_by_role("link", name="Report finding").click()
    expect(page.locator("#finding [name=mode]")).to_have_value("coolant_pump")
    page.get_by_label("No fault found").check()
    page.fill("#finding [name=note]", "all dry")
    page.click("#finding button[type=submit]")
    expect(page.locator("#finding output")).to_have_text("Reported, thank you.")
    assert complaints == []


def test_acknowledging_says_that_it_was_sent(page, complaints):
    page.goto("/")
    button = page.locator("#row-V0002 [id^=ack-]")
    button.click()
    expect(button).to_have_text("Sent")
    assert complaints == []


def test_a_repair_is_planned_from_the_fleet(page, complaints):
    page.goto("/")
    page.get_by_role("button", name="Plan the repair of WB-103-DE").click()
    page.wait_for_url("**/workorders/WO-*")
    expect(page.locator("main")).to_contain_text("Turbocharger")
    page.goto("/")
    expect(page.locator("#row-V0003").get_by_role("link", name="In the plan")).to_be_visible()
    assert complaints == []


def test_a_repair_is_planned_from_its_alert_and_found_there_again(page, complaints):
    page.goto("/alerts/a-V0001-coolant_pump")
    page.get_by_role("button", name="Plan repair").click()
    page.wait_for_url("**/workorders/WO-*")
    order = page.url
    for place in ("/alerts/a-V0001-coolant_pump", "/alerts"):
        page.goto(place)
        expect(page.get_by_role("button", name="Plan repair")).to_have_count(0)
        page.locator("#alert").get_by_role("link", name="Proposed:").click()
        page.wait_for_url(order)
    page.goto("/alerts/late-V0007")
    expect(page.locator("#alert")).to_contain_text("Data late")
    expect(page.get_by_role("button", name="Plan repair")).to_have_count(0)
    assert complaints == []


def test_work_orders_are_narrowed_to_a_depot_without_a_reload(page, fleet, complaints):
    made = fleet.client.post("/api/workorders", json={"vehicle": "V0002"}).json()
    page.goto("/workorders")
    row = page.locator(f"tr[data-href='/workorders/{made['order_id']}']")
    expect(row).to_have_count(1)
    page.evaluate("window.marker = 1")
    page.focus("select[name=depot]")
    page.select_option("select[name=depot]", "Lyon")
    page.wait_for_url("**/workorders?show=active&depot=Lyon")
    expect(row).to_have_count(0)
    expect(page.locator("select[name=depot]")).to_be_focused()
    page.select_option("select[name=depot]", made["depot"])
    expect(row).to_have_count(1)
    link = page.get_by_role("link", name="Table (.csv)")
    expect(link).to_have_attribute("href", re.compile(f"depot={made['depot']}"))
    assert page.evaluate("window.marker") == 1
    # Others plan it themselves.
    fleet.client.post(f"/api/workorders/{made['order_id']}/cancel", json={})
    assert complaints == []


def test_what_was_refused_of_many_is_told_and_stays_picked(page):
    def answer(route):
        late = "V0002" in route.request.url
        told = {"detail": "Ben acknowledged it already"} if late else {"done": True}
        route.fulfill(status=409 if late else 200, json=told)

    page.route(re.compile("/acknowledge$"), answer)
    page.goto("/alerts")
    page.locator("#pick-all").check()
    count = page.locator("#alerts tbody tr").count()
    page.locator("#tray").get_by_role("button", name="Acknowledge").click()
    told = f"{count - 1} done. 1 refused: Ben acknowledged it already"
    expect(page.locator("#toast")).to_have_text(told)
    expect(page.locator("#picked")).to_have_text("1 picked")
    expect(page.locator("#alerts tbody tr:has(:checked)")).to_have_attribute(
        "data-vehicle", "V0002"
    )


def test_a_photo_goes_along_with_a_finding(page, fleet, complaints):
    page.goto("/vehicles/V0002/finding")
    png = page.evaluate(
        """() => { const canvas = document.createElement("canvas");
        canvas.width = 3000; canvas.height = 1500;
        canvas.getContext("2d").fillRect(0, 0, 1500, 1500);
        return canvas.toDataURL("image/png").split(",")[1]; }"""
    )
    photo = {"name": "leak.png", "mimeType": "image/png", "buffer": base64.b64decode(png)}
    page.locator("#photo").set_input_files(photo)
    expect(page.locator("#finding output")).to_contain_text("photo")
    expect(page.locator("#preview canvas")).to_be_visible()
    expect(page.locator("#finding [name=photo]")).to_have_value(re.compile(r"^[0-9a-f]{64}\.jpg$"))
    name = page.locator("#finding [name=photo]").input_value()
    kept = fleet.client.get(f"/api/vehicles/V0002/photos/{name}")
    assert kept.headers["content-type"] == "image/jpeg"
    assert page.evaluate("document.querySelector('#preview canvas').width") == 1600
    page.get_by_label("This part was at fault").check()
    page.click("#finding button[type=submit]")
    expect(page.locator("#finding output")).to_have_text("Reported, thank you.")
    assert complaints == []


def test_filters_work_and_say_when_nothing_fits(page):
    page.goto("/")
    page.focus("select[name=depot]")
    page.select_option("select[name=depot]", "Lille")
    page.wait_for_url("**depot=Lille**")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("select[name=depot]")).to_be_focused()
    page.go_back()
    expect(page.locator("#rows tbody tr")).to_have_count(3)
    page.select_option("select[name=model]", "XF 480")
    page.wait_for_url("**model=XF+480**")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("XF 480")
    page.goto("/?depot=Atlantis")
    expect(page.locator("#rows")).to_contain_text("No vehicle fits these filters.")


def test_what_was_asked_before_a_choice_does_not_undo_it(page):
    held = []
    page.route(LIVE, lambda route: route.continue_() if held else held.append(route))
    with page.expect_request(LIVE):
        page.goto("/")
    page.select_option("select[name=depot]", "Lille")
    page.wait_for_url("**depot=Lille**")
    with page.expect_response(lambda one: LIVE.search(one.url) and "depot=Lille" in one.url):
        held[0].continue_()
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    assert "depot=Lille" in page.url


def test_beside_groups_stands_no_alert_that_a_key_would_act_on(page, complaints):
    posted = []
    page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    page.goto("/alerts")
    expect(page.locator("#detail")).to_be_visible()
    page.select_option("#by-group", "depot")
    expect(page.locator("#groups")).to_be_visible()
    expect(page.locator("#detail")).to_be_hidden()
    page.locator("#groups").click()
    page.keyboard.press("a")
    page.select_option("#by-group", "")
    expect(page.locator("#detail")).to_be_visible()
    assert (posted, complaints) == ([], [])


def test_an_empty_system_explains_the_next_step(page, stack):
    settings = stack.fresh()
    assert ClickHouseStore(settings.store()).migrate() == []
    with serve(settings) as url:
        page.goto(url)
        expect(page.locator("#rows")).to_contain_text("telltale demo")
        expect(page.locator("#summary")).to_contain_text("no vehicle has been scored yet")
        page.goto(f"{url}/vehicles/V0001")
        expect(page.locator("main")).to_contain_text("Unknown vehicle")
        page.goto(f"{url}/status")
        expect(page.locator("main")).to_contain_text("Nothing was refused.")
