"""Every page, both themes, three widths: no violation that axe can find (WCAG 2.2 AA), nothing
that scrolls sideways. Captures are kept for looking at.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

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
    "alert": "/alerts/a-V0001-coolant_pump",
    "workorders": "/workorders",
    "lab": "/lab?profile=truck-diesel",
    "lab-empty": "/lab?profile=car-electric",
    "vehicle": "/vehicles/V0001",
    "vehicle-silent": "/vehicles/V0005",
    "vehicle-fine": "/vehicles/V0008",
    "job-card": "/vehicles/V0001/job-card",
    "finding": "/vehicles/V0001/finding",
    "figures": "/figures",
    "system": "/status",
    "unknown": "/vehicles/nobody",
}


def visit(page, path):
    page.goto(path)
    expect(page.locator(".skeleton.tall")).to_have_count(0)
    for chart in page.locator(".chart").all():
        expect(chart).to_have_attribute("aria-busy", "false")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_any_theme_or_width(page, complaints, name):
    CAPTURES.mkdir(exist_ok=True)
    visit(page, PAGES[name])
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
    told = [one for one in complaints if "404" not in one] if name == "unknown" else complaints
    assert told == []


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
