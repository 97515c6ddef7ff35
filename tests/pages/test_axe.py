"""Every page, both themes, three widths: no violation that axe can find (WCAG 2.2 AA), nothing
that scrolls sideways. Captures are kept for looking at.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.app.serving import serve_fleet

pytestmark = [pytest.mark.stack, pytest.mark.browser]
CAPTURES = Path(__file__).with_name("captures")
EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A theme changes nothing but colours.
RULES = {"light": {"runOnly": EVERYTHING}, "dark": {"runOnly": ["color-contrast"]}}
WIDTHS = (1280, 768, 390)
PAGES = {
    "fleet": "/",
    "fleet-all": "/?show=all",
    "fleet-search": "/?q=v00",
    "fleet-nobody": "/?q=nobody",
    "alerts": "/alerts",
    "alerts-depots": "/alerts?by=depot",
    "alerts-quiet": "/alerts?show=quiet",
    "alerts-taken": "/alerts?show=taken",
    "alerts-watch": "/alerts?show=watch",
    "alerts-closed": "/alerts?show=closed",
    "alert": "/alerts/a-V0001-coolant_pump",
    "workorders": "/workorders",
    "lab": "/lab?profile=truck-diesel",
    "lab-empty": "/lab?profile=car-electric",
    "vehicle": "/vehicles/V0001",
    "vehicle-silent": "/vehicles/V0005",
    "vehicle-late": "/vehicles/V0007",
    "vehicle-fine": "/vehicles/V0008",
    "job-card": "/vehicles/V0001/job-card",
    "finding": "/vehicles/V0001/finding",
    "figures": "/figures",
    "system": "/status",
    "sign-in": "/sign-in",
    "unknown": "/vehicles/nobody",
}


def visit(page, path):
    page.goto(path)
    expect(page.locator(".skeleton.tall")).to_have_count(0)
    for chart in page.locator(".chart").all():
        expect(chart).to_have_attribute("aria-busy", "false")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def look(page, name):
    """All themes and widths of the page as it stands, and captures of it."""
    CAPTURES.mkdir(exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme, rules in RULES.items():
            page.emulate_media(color_scheme=theme)
            found = Axe().run(page, options=rules).response["violations"]
            told = {one["id"]: [node["html"] for node in one["nodes"]] for one in found}
            assert told == {}, f"{theme}, {width} px"
            if width != 768:
                page.screenshot(path=CAPTURES / f"{name}-{width}-{theme}.png", full_page=True)
        assert sideways(page) <= 0, f"{width} px"


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_any_theme_or_width(page, complaints, name):
    visit(page, PAGES[name])
    look(page, name)
    told = [one for one in complaints if "404" not in one] if name == "unknown" else complaints
    assert told == []


@pytest.mark.parametrize("path", ["/alerts", "/lab?profile=truck-diesel"])
def test_axe_finds_nothing_in_what_opens(page, complaints, path):
    visit(page, path)
    for name in page.locator("dialog").evaluate_all("all => all.map(one => one.id)"):
        page.evaluate("id => document.getElementById(id).showModal()", name)
        look(page, f"dialog-{name}")
        page.evaluate("id => document.getElementById(id).close()", name)
    assert complaints == []


def test_axe_finds_nothing_in_a_work_order(page, fleet, complaints):
    order = {"vehicle": "V0003", "actor": "Anna"}
    made = fleet.client.post("/api/workorders", json=order).json()
    for name, path in (("workorder", f"/workorders/{made['order_id']}"), ("orders", "/workorders")):
        visit(page, path)
        look(page, name)
    # Others plan it themselves.
    fleet.client.post(f"/api/workorders/{made['order_id']}/cancel", json={"actor": "Anna"})
    assert complaints == []


def test_axe_finds_nothing_in_an_empty_system(page, stack, complaints):
    with serve_fleet(stack.fresh(), count=0) as empty:
        for name, path in (("fleet", "/"), ("alerts", "/alerts"), ("lab", "/lab")):
            visit(page, f"{empty.url}{path}")
            look(page, f"empty-{name}")
    assert complaints == []


@pytest.mark.parametrize(
    "page",
    [{"viewport": {"width": 320, "height": 844}, "locale": locale} for locale in ("en-US", "fr")],
    indirect=True,
    ids=["en", "fr"],
)
def test_no_page_scrolls_sideways_on_the_smallest_phone(page):
    for name, path in PAGES.items():
        visit(page, path)
        assert sideways(page) <= 0, name
