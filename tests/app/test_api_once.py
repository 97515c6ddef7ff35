"""Changes with an Idempotency-Key are done once; what is known already is not sent again."""

import threading
import uuid

import httpx
import pytest

from contracts.alerts import decode_command
from contracts.topics import COMMANDS
from infra.kafka_clients import open_consumer
from tests.app.guarded import Keys, client, guarded
from tests.app.serving import serve

pytestmark = pytest.mark.stack
PATH = "/api/alerts/a-V0003-turbocharger/comment"


def sent(settings, why):
    kafka = settings.broker()
    consumer = open_consumer(kafka, kafka.topic(COMMANDS), consumer_timeout_ms=2_000)
    try:
        told = [decode_command(message.value) for message in consumer]
    finally:
        consumer.close()
    return [one for one in told if one.why == why]


def test_a_change_that_is_sent_again_is_done_once(api):
    key, body = {"Idempotency-Key": uuid.uuid4().hex}, {"why": f"once {uuid.uuid4().hex}"}
    first = api.client.post(PATH, json=body, headers=key)
    again = api.client.post(PATH, json=body, headers=key)
    assert first.status_code == 202
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(sent(api.settings, body["why"])) == 1


def test_a_key_under_another_request_is_refused(api):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert api.client.post(PATH, json={"why": "one"}, headers=key).status_code == 202
    other = api.client.post(PATH, json={"why": "other"}, headers=key)
    assert (other.status_code, other.json()["title"]) == (422, "Idempotency key used again")
    assert sent(api.settings, "other") == []


@pytest.mark.parametrize("key", ["", "x" * 201, "two words"])
def test_a_key_that_is_none_is_refused(api, key):
    answer = api.client.post(PATH, json={"why": "x"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_the_same_key_at_the_same_moment_is_carried_out_once(api):
    headers, body = {"Idempotency-Key": uuid.uuid4().hex}, {"why": f"both {uuid.uuid4().hex}"}
    headers["Prefer"] = "wait=2"
    answers = []

    def ask():
        answers.append(httpx.post(f"{api.url}{PATH}", json=body, headers=headers, timeout=30))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.status_code for one in answers} <= {202, 409}
    assert len(sent(api.settings, body["why"])) == 1


def test_keys_of_others_are_others_and_secrets_are_not_kept(stack):
    settings = guarded(stack.fresh())
    keys = Keys.made(settings)
    headers = {"Idempotency-Key": "the-same"}
    body = {"name": "loader", "role": "service_desk"}
    with (
        serve(settings) as url,
        client(url, keys.headers("default", "admin")) as one,
        client(url, keys.headers("other", "admin")) as other,
    ):
        first = one.post("/api/keys", json=body, headers=headers)
        assert first.status_code == 201
        stranger = other.post("/api/keys", json=body, headers=headers)
        assert stranger.status_code == 201
        assert stranger.json()["text"] != first.json()["text"]
        again = one.post("/api/keys", json=body, headers=headers)
        assert (again.status_code, again.json()["title"]) == (409, "Done already")
        assert len([key for key in one.get("/api/keys").json() if key["name"] == "loader"]) == 1


def test_what_is_known_already_is_not_sent_again(api):
    first = api.client.get("/api/workorders?state=done")
    tag = first.headers["etag"]
    known = api.client.get("/api/workorders?state=done", headers={"If-None-Match": tag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    listed = {"If-None-Match": f'"other", {tag}'}
    assert api.client.get("/api/workorders?state=done", headers=listed).status_code == 304
    stale = {"If-None-Match": 'W/"other"'}
    assert api.client.get("/api/workorders?state=done", headers=stale).status_code == 200
    assert "etag" not in api.client.get("/api/vehicles/nobody").headers
