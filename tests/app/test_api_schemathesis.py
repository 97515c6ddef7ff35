"""The whole API by its own description: requests that are made up, sound and damaged ones, and
every check that Schemathesis has.
"""

from dataclasses import dataclass

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from app.access.limits import Buckets
from app.api import acting, gate
from app.api.context import Context
from app.api.server import create_app
from app.intake.forms import MSGPACK_TYPES
from app.settings import load_settings
from contracts.codec import encode_message
from contracts.records import VehicleEvent
from tests.app.guarded import Keys, guarded
from tests.app.serving import serve_fleet

pytestmark = pytest.mark.stack
REAL = {"key": "V0001", "alert_id": "a-V0001-coolant_pump", "order_id": "known"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
EVENT = VehicleEvent("default", "truck-diesel", "V0001", 1_700_000_000_000, "service", "oil", {})
CONFIG = {"phases": {"coverage": {"unexpected-methods": ["TRACE"]}}}

for media in MSGPACK_TYPES:
    schemathesis.openapi.media_type(media, st.just(encode_message([EVENT])))
schemathesis.openapi.media_type("image/*", st.just(PNG))
DESCRIBED = schemathesis.openapi.from_dict(
    create_app(Context(load_settings())).openapi(), config=SchemathesisConfig.from_dict(CONFIG)
)


class Session(requests.Session):
    """Takes of an endless stream its first piece, and then leaves."""

    def send(self, request, **more):
        answer = super().send(request, **{**more, "stream": True})
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer._content = next(answer.iter_content(None))
            answer._content_consumed = True
            answer.close()
        else:
            answer.content  # noqa: B018 (reads it)
        return answer


@dataclass
class House:
    """A server that asks everyone who he is, and the headers of one who may do everything."""

    url: str
    headers: dict
    session: Session


@pytest.fixture(scope="module")
def house(stack):
    found = guarded(stack.fresh())
    with pytest.MonkeyPatch.context() as patched, serve_fleet(found) as served, Session() as open_:
        # Thousands of wrong credentials come from here.
        patched.setattr(gate, "_BAD_TRIES", Buckets(rate=1e6, burst=1e6))
        # No alerter runs here that would answer.
        patched.setattr(acting, "_WAIT_S", 0.0)
        yield House(served.url, Keys.made(found, ["default"]).headers("default", "admin"), open_)


@DESCRIBED.parametrize()
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_route_keeps_to_its_description(case, house):
    # A made-up key comes again with another request, and that is refused as it should be.
    case.headers.pop("Idempotency-Key", None)
    if case.path_parameters and all(one.mode.is_positive for one in case.meta.components.values()):
        # What is made up is rarely there; sound requests are about things that are.
        given = case.path_parameters
        case.path_parameters = {name: REAL.get(name, value) for name, value in given.items()}
    case.call_and_validate(base_url=house.url, session=house.session, headers=house.headers)
