"""Messages on their way out: file, guard, and receivers of every temper."""

import base64
import contextlib
import http.server
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.message import Message
from alerts.routing import Route
from contracts.errors import SettingsError
from infra.notify import send as sending
from infra.notify.config import Target, load_config
from infra.notify.guard import ForbiddenError, is_public, only_outside, resolve
from infra.notify.send import send

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
MESSAGE = Message("Soon: Coolant pump, V1", "Check it.", [])


class Receiver:
    """A receiver on loopback: `answers` are given one after the other, the last one for ever; None
    leaves it without an answer.
    """

    def __init__(self, *answers, headers=None, hang=0.0):
        self.answers, self.headers, self.hang = list(answers), headers or {}, hang
        self.got = []
        self.ended = threading.Event()

    def take(self, request):
        body = request.rfile.read(int(request.headers["content-length"]))
        self.got.append((dict(request.headers), body))
        if self.hang:
            self.ended.wait(self.hang)
        code = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if code is None:
            self.ended.wait(60)
            return
        request.send_response(code)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.end_headers()


@contextlib.contextmanager
def listening(receiver):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            with contextlib.suppress(OSError):
                receiver.take(self)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook?x=1"
        finally:
            receiver.ended.set()
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def hook(url):
    return Target("hook", webhook=url, secret_env="HOOK_SECRET")


def post(receiver, identity="msg_1"):
    with listening(receiver) as url:
        return send(hook(url), identity, MESSAGE, allow_internal=True)


def test_a_webhook_is_signed_as_standard_webhooks_says():
    receiver = Receiver(204)
    assert post(receiver) == ("answered 204", True, False, 0.0)
    headers, body = receiver.got[0]
    assert json.loads(body)["data"]["title"] == MESSAGE.title
    assert headers["webhook-id"] == "msg_1"
    Webhook(SECRET).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


@pytest.mark.parametrize(
    ("code", "headers", "said", "gone", "wait_s"),
    [
        (500, {}, "answered 500", False, 0.0),
        (404, {}, "answered 404", False, 0.0),
        (410, {}, "answered 410", True, 0.0),
        (503, {"retry-after": "120"}, "answered 503", False, 120.0),
        (429, {"retry-after": "soon"}, "answered 429", False, 0.0),
        (302, {"location": "http://127.0.0.1:1/inside"}, "not followed", False, 0.0),
    ],
)
def test_other_answers_are_no_receipt(code, headers, said, gone, wait_s):
    receiver = Receiver(code, headers=headers)
    found = post(receiver)
    assert not found.answered
    assert said in found.detail
    assert (found.gone, found.wait_s) == (gone, wait_s)
    assert len(receiver.got) == 1


def test_a_receiver_that_hangs_does_not_hold_us(monkeypatch):
    monkeypatch.setattr(sending, "_TOTAL_S", 0.2)
    found = post(Receiver(200, hang=5.0))
    assert not found.answered
    assert "no answer" in found.detail


def test_nobody_there_is_no_answer():
    found = send(hook("http://127.0.0.1:9/x"), "m", MESSAGE, allow_internal=True)
    assert not found.answered
    assert "no answer" in found.detail


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]/x"])
def test_internal_addresses_are_refused_unless_they_are_meant(url):
    found = send(hook(url), "m", MESSAGE, allow_internal=False)
    assert not found.answered
    assert "internal network" in found.detail
    assert "TELLTALE_NOTIFY__ALLOW_INTERNAL" in found.detail


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.0.0.1", False),
        ("172.16.9.9", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::10.0.0.1", False),
        ("2002:0a00:0001::1", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_what_is_public_is_known_also_in_disguise(address, public):
    assert is_public(address) == public


def test_a_name_with_one_internal_address_among_others_is_refused(monkeypatch):
    mixed = [(0, 0, 0, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.7")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: mixed)
    with pytest.raises(ForbiddenError, match=r"10\.0\.0\.7"):
        resolve("https://hooks.example/x", allow_internal=False)
    assert resolve("https://hooks.example/x", allow_internal=True) == "93.184.216.34"


def test_apprise_targets_are_guarded_and_filled_from_templates():
    receiver = Receiver(200)
    with listening(receiver) as url:
        place = url.removeprefix("http://").split("/")[0]
        target = Target("chat", url=f"json://{place}/x", title="T {{ title }}", body="{{ text }}!")
        assert send(target, "m", MESSAGE, allow_internal=True).answered
        refused = send(target, "m", MESSAGE, allow_internal=False)
    assert "internal network" in refused.detail
    sent = json.loads(receiver.got[0][1])
    assert (sent["title"], sent["message"]) == (f"T {MESSAGE.title}", "Check it.!")
    assert len(receiver.got) == 1


@pytest.mark.parametrize("wish", ["", "?redirect=yes"])
@pytest.mark.parametrize("code", [307, 308])
def test_apprise_targets_follow_no_redirect(code, wish):
    inside = Receiver(200)
    with listening(inside) as aim:
        outside = Receiver(code, headers={"location": aim})
        with listening(outside) as url:
            place = url.removeprefix("http://").split("/")[0]
            target = Target("chat", url=f"json://{place}/x{wish}")
            found = send(target, "m", MESSAGE, allow_internal=True)
    assert not found.answered
    assert (len(outside.got), inside.got) == (1, [])


@pytest.mark.parametrize(
    "url",
    [
        "mailto://u:p@gmail.com?smtp=127.0.0.1",
        "mailto://u:p@example.org:{port}?smtp=127.0.0.1",
        "mailto://u:p@example.org:{port}?smtp=localhost",
        "json://localhost:{port}/x",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c?proxy={port}",
    ],
)
def test_apprise_targets_reach_nothing_inside_whatever_they_connect_to(url, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        port = listener.getsockname()[1]
        if "proxy" in url:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        target = Target("t", url=url.format(port=port))
        found = send(target, "m", MESSAGE, allow_internal=False)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert not found.answered
    assert "internal network" in found.detail


def test_what_a_thread_connects_to_afterwards_or_beside_is_its_own_matter():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = listener.getsockname()
        with only_outside():
            with pytest.raises(ForbiddenError, match=r"127\.0\.0\.1"):
                socket.create_connection(place)
            with pytest.raises(ForbiddenError), socket.socket(type=socket.SOCK_DGRAM) as one:
                one.sendto(b"x", place)
            with pytest.raises(ForbiddenError, match="localhost"), socket.socket() as one:
                one.connect(("localhost", place[1]))
            with ThreadPoolExecutor(1) as other:
                other.submit(socket.create_connection, place).result().close()
        socket.create_connection(place).close()


@pytest.mark.parametrize(("title", "body"), [("", ""), ("{{ title }}", "{{ text }}")])
def test_a_template_in_an_alerts_text_stays_text(title, body):
    receiver, evil = Receiver(200), "{{ 7*7 }}{% for x in alerts %}"
    with listening(receiver) as url:
        place = url.removeprefix("http://").split("/")[0]
        target = Target("chat", url=f"json://{place}/x", title=title, body=body)
        assert send(target, "m", Message(evil, evil, []), allow_internal=True).answered
    sent = json.loads(receiver.got[0][1])
    assert (sent["title"], sent["message"]) == (evil, evil)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target("x", url="nonsense://"), "Apprise knows no such url"),
        (Target("x", url="json://${NOT_SET_AT_ALL}"), "NOT_SET_AT_ALL is not set"),
        (Target("x", webhook="http://127.0.0.1:9/", secret_env="NO_SECRET"), "holds no secret"),
        (Target("x", url="json://127.0.0.1:9", body="{{ ''.__class__.mro() }}"), "template"),
        (Target("x", url="json://127.0.0.1:9", body="{{ 1 / 0 }}"), "template"),
    ],
)
def test_a_target_that_cannot_work_says_why(target, said):
    found = send(target, "m", MESSAGE, allow_internal=True)
    assert not found.answered
    assert said in found.detail


GOOD = """
[[targets]]
name = "hook"
webhook = "https://example.org/hook"
secret_env = "HOOK_SECRET"

[[routes]]
target = "hook"
severities = ["critical"]
"""


def test_the_file_is_read(tmp_path):
    path = tmp_path / "notify.toml"
    path.write_text(GOOD)
    config = load_config(path)
    assert config.target("hook").webhook == "https://example.org/hook"
    assert config.routes == [Route("hook", severities=["critical"])]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[routes]]", "[[routes]", "]]"),
        ('"critical"', '"grave"', "grave"),
        ('target = "hook"', 'target = "hok"', "is not among"),
        ('secret_env = "HOOK_SECRET"', "", "secret_env"),
        ('name = "hook"', 'name = "hook"\nurl = "json://x"', "either webhook or url"),
        ("https://example.org", "ftp://example.org", "https://example.org/hook"),
        ("https://example.org", "https://me:pw@example.org", "without a user"),
        ('name = "hook"', 'name = "hook"\nbody = "{% if %}"', "not a template"),
        ('name = "hook"', 'name = "hook"\ncolour = "red"', "colour"),
        ("[[routes]]", GOOD.partition("[[routes]]")[0] + "[[routes]]", "more than once"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, old, new, said):
    path = tmp_path / "notify.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SettingsError, match=r"notify\.toml") as caught:
        load_config(path)
    assert said.lower() in str(caught.value).lower()


def test_a_missing_or_binary_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="can't be read"):
        load_config(tmp_path / "absent.toml")
    (tmp_path / "notify.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"notify\.toml"):
        load_config(tmp_path / "notify.toml")
