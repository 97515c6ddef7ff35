"""First paint of pages in Debian's chromium, each time in a browser that knows nothing yet."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.served import Served

CHROMIUM = Path("/usr/bin/chromium")
PAGES = ("fleet", "vehicle_alerted", "alerts")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
_PAINTED = """() =>
    performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)"""


def paint(served: Served, kinds: Mapping[str, Callable[[], str]], times: int) -> dict[str, Any]:
    """Milliseconds from the request of a page to its first contentful paint, p50 and longest of
    `times`. Raises SystemExit without chromium.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only this part needs it)

    if not CHROMIUM.exists():
        raise SystemExit("no chromium; install Debian's package: apt-get install chromium")
    found: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(_FLAGS))
        for name in PAGES:
            waits = []
            for turn in range(times):
                headers = served.headers[turn % len(served.headers)]
                context = browser.new_context(base_url=served.url, extra_http_headers=headers)
                page = context.new_page()
                page.goto(kinds[name](), wait_until="load")
                page.wait_for_function(f"() => ({_PAINTED})().length")
                waits += page.evaluate(_PAINTED)
                context.close()
            found[f"{name}_p50_ms"] = float(np.median(waits))
            found[f"{name}_longest_ms"] = float(np.max(waits))
        browser.close()
    return found
