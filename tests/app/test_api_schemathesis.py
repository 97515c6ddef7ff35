"""The whole API by its own description: requests that are made up, sound and damaged ones, and
every check that Schemathesis has.
"""

import hashlib
from dataclasses import dataclass, field

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
from contracts.alerts import Answer, Silence
from contracts.codec import encode_message
from contracts.records import VehicleEvent
from contracts.workorders import Job, WorkOrder
from infra.photos import Photos
from infra.workorders import WorkOrders
from tests.app.guarded import Keys, by, guarded
from tests.app.sample_fleet import DAY
from tests.app.serving import serve_fleet

pytestmark = pytest.mark.stack
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
REAL = {
    "key": "V0001",
    "alert_id": "a-V0001-coolant_pump",
    "order_id": "known",
    "silence_id": "quiet",
    "command_id": "asked",
    "photo": f"{hashlib.sha256(PNG).hexdigest()}.png",
    "login": "spare@example.org",
}
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
    real: dict = field(default_factory=dict)


def fill(store, now_ms):
    """What no vehicle of the fleet has by itself: one of each that a path can name."""
    at = ("default", "truck-diesel", "V0001", "Lyon")
    job = Job("scr", "SCR", "Doser", "a-V0001-scr", [("Look", 20)])
    times = (now_ms + DAY, now_ms + DAY, "", now_ms, now_ms)
    WorkOrders(store.clickhouse).save(
        WorkOrder(REAL["order_id"], *at, "proposed", [job], 20, *times, "Ana", 1, "e")
    )
    until = (now_ms - DAY, now_ms + DAY)
    silence = Silence(REAL["silence_id"], "default", {"depot": "Lyon"}, *until, "Ana", "")
    store.write_silences([silence])
    about = ("default", "V0001", REAL["alert_id"], "acknowledge")
    store.write_answers([Answer(REAL["command_id"], *about, "Ana", now_ms, done=True, why="")])


@pytest.fixture(scope="module")
def house(stack):
    found = guarded(stack.fresh())
    with pytest.MonkeyPatch.context() as patched, serve_fleet(found) as served, Session() as open_:
        # Thousands of wrong credentials come from here.
        patched.setattr(gate, "_BAD_TRIES", Buckets(rate=1e6, burst=1e6))
        # No alerter runs here that would answer.
        patched.setattr(acting, "_WAIT_S", 0.0)
        fill(served.store, served.now_ms)
        Photos(found.home / "photos").save("default", PNG)
        keys = Keys.made(found, ["default"])
        keys.desk.new_user(by("default"), REAL["login"], "Spare", "fleet_manager", None)
        real = {**REAL, "key_id": keys.make("default", "admin")[0].key_id}
        yield House(served.url, keys.headers("default", "admin"), open_, real)


@DESCRIBED.parametrize()
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_route_keeps_to_its_description(case, house):
    # A made-up key comes again with another request, and that is refused as it should be.
    case.headers.pop("Idempotency-Key", None)
    if case.path_parameters and all(one.mode.is_positive for one in case.meta.components.values()):
        # What is made up is rarely there; sound requests are about things that are.
        given = case.path_parameters
        case.path_parameters = {name: house.real.get(name, value) for name, value in given.items()}
    case.call_and_validate(base_url=house.url, session=house.session, headers=house.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/api/alerts/{alert_id}",
        "/api/alerts/commands/{command_id}",
        "/api/vehicles/{key}/photos/{photo}",
        "/api/workorders/{order_id}",
    ],
)
def test_what_sound_requests_are_about_is_there(house, path):
    answer = house.session.get(house.url + path.format(**house.real), headers=house.headers)
    assert answer.status_code == 200, answer.text
