"""Changes come in, messages go out; receivers fail, processes are killed."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace

import msgspec.structs
import pytest
from typer.testing import CliRunner

from alerts.routing import Route
from app.cli.main import app
from app.notifier import GIVE_UP_MS, GROUP, Notifier, Outside, backoff_ms
from contracts.notices import Notice, encode_notice
from contracts.topics import ALERTS
from features.profile import builtin_profiles
from infra.alert_publisher import AlertPublisher
from infra.notify import send as sending
from infra.notify.config import Config, Target
from infra.notify.outbox import Outbox
from infra.notify.send import Sent
from infra.offsets import group_lag
from infra.topic_reader import Sent as Incoming
from tests.alerts.test_routing import NOON, notices
from tests.app.test_worker import environment, wait_until
from tests.features.logs import SMALL_TOML
from tests.infra.test_notify import SECRET, Receiver, listening

MINUTE = 60_000


@dataclass
class Bench:
    """A notifier with a topic, a receiver and a clock in memory; the outbox is a real one."""

    outbox: Outbox
    topic: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    sent: list = field(default_factory=list)
    now: int = NOON
    committed: int = 0
    profiles: dict = field(default_factory=builtin_profiles)

    def __post_init__(self):
        config = Config(
            [Target("hook", webhook="https://x"), Target("chat", url="json://x")],
            [Route("hook"), Route("chat", severities=["critical"])],
        )
        outside = Outside(self, self.outbox, self.send, lambda: self.now, self.profiles)
        self.notifier = Notifier(config, outside, threading.Event())

    def poll(self):
        found, self.topic = self.topic, []
        return found

    def commit(self):
        self.committed += 1

    def close(self):
        pass

    def send(self, target, identity, message):
        self.sent.append((target.name, identity, message.title))
        return self.answers.pop(0) if self.answers else Sent("answered 204", answered=True)

    def put(self, *changes):
        self.topic += [Incoming(0, 0, NOON, encode_notice(one)) for one in changes]
        self.notifier.take_in()

    def pass_(self, milliseconds):
        """Let time pass, and try whatever is due then."""
        self.now += milliseconds
        self.outbox.gather(self.now)
        for delivery in self.outbox.due(self.now):
            self.notifier.deliver(delivery)


@pytest.fixture
def bench(tmp_path):
    made = Bench(Outbox(tmp_path / "outbox.sqlite"))
    yield made
    made.outbox.close()


def test_an_alert_is_told_once_however_often_its_change_comes(bench):
    changes = notices(0.3, 0.3)
    bench.put(*changes)
    bench.put(*changes)
    bench.pass_(MINUTE)
    bench.put(*changes)
    bench.pass_(MINUTE)
    assert [(name, title) for name, _, title in bench.sent] == [
        ("hook", "Soon: Coolant pump, V1 (Lyon)")
    ]
    assert bench.committed == 3


def test_a_receiver_that_fails_for_half_an_hour_gets_it_with_the_same_id(bench):
    bench.answers = [Sent("answered 500")] * 9
    bench.put(*notices(0.3, 0.3))
    for _ in range(80):
        bench.pass_(MINUTE)
    assert len(bench.sent) == 10
    assert len({identity for _, identity, _ in bench.sent}) == 1
    assert bench.outbox.listed()[0].state == "answered"


@pytest.mark.parametrize("temper", [{}, {"hang": 5.0}, "inside"], ids=["500", "hangs", "redirects"])
def test_a_real_receiver_in_trouble_for_half_an_hour_gets_it_once_and_holds_nobody_up(
    bench, monkeypatch, temper
):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setattr(sending, "_TOTAL_S", 0.5)
    inside, good = Receiver(204), Receiver(204)
    with listening(inside) as within:
        troubled = {"headers": {"location": within}} if temper == "inside" else temper
        bad = Receiver(307 if temper == "inside" else 500, **troubled)
        with listening(bad) as url, listening(good) as other:
            hooks = [
                Target(name, webhook=place, secret_env="HOOK_SECRET")
                for name, place in (("hook", url), ("chat", other))
            ]
            bench.notifier._config = Config(hooks, [Route("hook"), Route("chat")])
            bench.send = partial(sending.send, allow_internal=True)
            bench.notifier._outside = replace(bench.notifier._outside, send=bench.send)
            bench.put(*notices(0.3, 0.3))
            for _ in range(31):
                bench.pass_(MINUTE)
            assert len(good.got) == 1
            tries = len(bad.got)
            assert 5 <= tries <= 12
            bad.answers, bad.headers, bad.hang = [204], {}, 0.0
            # Its answer counts however busy the machine is.
            monkeypatch.setattr(sending, "_TOTAL_S", 20.0)
            for _ in range(90):
                bench.pass_(MINUTE)
    assert len(bad.got) == tries + 1
    assert len({headers["webhook-id"] for headers, _ in bad.got}) == 1
    assert {one.state for one in bench.outbox.listed()} == {"answered"}
    assert inside.got == []


def test_what_the_receiver_wishes_is_respected(bench):
    bench.answers = [Sent("answered 503", wait_s=600.0)]
    bench.put(*notices(0.3, 0.3))
    bench.pass_(MINUTE)
    bench.pass_(9 * MINUTE)
    assert len(bench.sent) == 1
    bench.pass_(MINUTE)
    assert len(bench.sent) == 2


def test_who_is_gone_or_away_for_days_is_given_up(bench):
    bench.answers = [Sent("answered 410", gone=True), Sent("no answer"), Sent("no answer")]
    bench.put(*notices(0.3, 0.3))
    bench.pass_(MINUTE)
    bench.put(*notices(0.3, 0.3, vehicle="V2"))
    bench.pass_(MINUTE)
    bench.pass_(GIVE_UP_MS)
    bench.pass_(GIVE_UP_MS)
    assert [one.state for one in bench.outbox.listed()] == ["given up", "given up"]
    assert len(bench.sent) == 3


def test_a_target_that_was_taken_out_is_given_up(bench):
    bench.put(*notices(0.3, 0.3))
    bench.notifier._config = Config()
    bench.pass_(MINUTE)
    assert bench.outbox.listed()[0].detail == "its target is not configured any more"


def test_an_unreadable_change_stops_nothing(bench):
    bench.topic = [Incoming(0, 0, NOON, b"\xc1")]
    bench.put(*notices(0.9, 0.9))
    bench.pass_(0)
    assert sorted(name for name, _, _ in bench.sent) == ["chat", "hook"]


def test_waits_grow_to_an_hour():
    assert [backoff_ms(tries) for tries in (0, 1, 2, 9, 10, 500)] == [
        5_000,
        10_000,
        20_000,
        2_560_000,
        3_600_000,
        3_600_000,
    ]


FILE = """
[[targets]]
name = "hook"
webhook = "{url}"
secret_env = "HOOK_SECRET"

[[routes]]
target = "hook"
"""


@contextlib.contextmanager
def notifier(settings, url, **given):
    """A running notifier, `given` more of its environment; killed at the end if it still runs."""
    file = settings.home / "notify.toml"
    file.write_text(FILE.format(url=url))
    more = {
        "TELLTALE_NOTIFY__FILE": str(file),
        "TELLTALE_NOTIFY__ALLOW_INTERNAL": "true",
        "HOOK_SECRET": SECRET,
        **given,
    }
    with (
        (settings.home / "worker.log").open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", "notifier"],
            env=environment(settings, **more),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def states(settings):
    """Deliveries by state, as another process sees them."""
    path = settings.home / "notify" / "outbox.sqlite"
    if not path.exists():
        return Counter()
    with contextlib.closing(sqlite3.connect(path)) as base:
        return Counter(row[0] for row in base.execute("SELECT state || tries FROM deliveries"))


@pytest.mark.stack
def test_a_kill_loses_no_message_and_repeats_none_that_was_answered(stack):
    """The receiver takes the first, refuses the second, and leaves the third without an answer;
    then comes the kill.
    """
    settings, receiver = stack.fresh(), Receiver(204, 500, None, 204)
    publisher = AlertPublisher(settings.broker())
    for number in range(6):
        publisher.publish(notices(0.9, 0.9, vehicle=f"V{number}"))
    publisher.close()
    with listening(receiver) as url:
        with notifier(settings, url) as process:
            wait_until(lambda: len(receiver.got) == 3, settings, limit_s=120)
            wait_until(lambda: states(settings)["pending1"] == 1, settings, limit_s=120)
            process.kill()
        assert states(settings)["answered1"] == 1
        with notifier(settings, url) as process:
            wait_until(lambda: states(settings)["pending1"] == 0, settings, limit_s=120)
            done = ("answered1", "answered2")
            wait_until(
                lambda: sum(states(settings)[one] for one in done) == 6, settings, limit_s=120
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    taken = Counter(headers["webhook-id"] for headers, _ in receiver.got)
    assert sorted(taken.values()) == [1, 1, 1, 1, 2, 2]


@pytest.mark.stack
def test_a_message_names_a_part_as_the_users_own_profile_does(stack, tmp_path):
    settings, receiver = stack.fresh(), Receiver(204)
    tmp_path.joinpath("small.toml").write_bytes(SMALL_TOML)
    of_own = {"profile": "small", "mode": "overheating"}
    publisher = AlertPublisher(settings.broker())
    publisher.publish(
        [
            Notice(msgspec.structs.replace(one.alert, **of_own), one.change)
            for one in notices(0.9, 0.9)
        ]
    )
    publisher.close()
    with (
        listening(receiver) as url,
        notifier(settings, url, TELLTALE_PROFILES=str(tmp_path)),
    ):
        wait_until(lambda: receiver.got, settings, limit_s=120)
    (_, body), *_ = receiver.got
    assert json.loads(body)["data"]["title"] == "Critical: overheats, V1 (Lyon)"


@pytest.mark.stack
def test_one_that_runs_for_the_first_time_tells_no_old_stories(stack, monkeypatch):
    settings, idle = stack.fresh(), SimpleNamespace(run=lambda: None)
    publisher = AlertPublisher(settings.broker())
    publisher.publish(notices(0.9, 0.9))
    publisher.close()
    time.sleep(0.05)
    file = settings.home / "notify.toml"
    file.write_text(FILE.format(url="https://hooks.example.org"))
    monkeypatch.setattr("app.cli.notifier.FIRST_LOOK_MS", 0)
    monkeypatch.setattr("app.cli.notifier.Notifier", lambda *_: idle)
    monkeypatch.setattr("app.cli.notifier.signal.signal", lambda *_: None)
    env = environment(settings, TELLTALE_NOTIFY__FILE=str(file))
    assert CliRunner().invoke(app, ["notifier"], env=env).exit_code == 0
    assert group_lag(settings.broker(), GROUP, ALERTS) == 0
