"""Debian's chromium before the real server."""

from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.app import lab_fleet
from tests.app.serving import serve_fleet

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 60_000
"""A busy machine is slow, and that is no failure."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def chromium():
    # Not for the session: Playwright keeps an event loop in this thread, and others start theirs.
    if not CHROMIUM.exists():
        pytest.skip("no chromium; install Debian's package: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def fleet(stack):
    settings = stack.fresh()
    champion, _ = lab_fleet.keep_models(settings)
    with serve_fleet(settings) as served:
        lab_fleet.keep_drift(served.store, champion)
        yield served


@pytest.fixture
def complaints():
    """What the browser's console said; empty at the end of every test that asks for it."""
    return []


@pytest.fixture
def page(chromium, fleet, complaints, request):
    options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
    options |= {"timezone_id": "Europe/Paris", **getattr(request, "param", {})}
    context = chromium.new_context(base_url=fleet.url, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
