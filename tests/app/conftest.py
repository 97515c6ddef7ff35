"""The sample fleet behind the real API; tests that change it take vehicles of their own."""

import pytest

from tests.app.serving import serve_fleet


@pytest.fixture(scope="session")
def api(stack):
    with serve_fleet(stack.fresh()) as served:
        yield served
