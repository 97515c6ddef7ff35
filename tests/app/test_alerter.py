"""Real alerter processes on a real broker and a real store."""

import contextlib
import signal
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from alerts.fingerprint import Fingerprint, alert_id
from contracts.alerts import AlertCommand, encode_command
from contracts.batches import RiskRows
from contracts.codec import decode_message
from contracts.topics import COMMANDS, RISK, TELEMETRY
from infra.dead_letters import read_letters
from infra.kafka import partition_of
from infra.kafka_clients import open_consumer, open_producer
from infra.offsets import topic_offsets
from infra.reads.alerts import find_alerts, transitions
from infra.risk_publisher import RiskPublisher
from infra.store import ClickHouseStore
from tests.app.stream_fixtures import PROFILE, START
from tests.app.test_worker import environment, log_of, stop
from tests.app.test_worker import wait_until as wait_for

pytestmark = pytest.mark.stack
INTERVAL = PROFILE.score_interval_ms
MODES = [mode.name for mode in PROFILE.modes]
PUMP = MODES.index("coolant_pump")


def wait_until(condition, settings):
    wait_for(condition, settings, limit_s=120)


@contextlib.contextmanager
def alerter(settings, **more):
    """A running alerter; killed at the end if it still runs."""
    log = settings.home / "worker.log"
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-m", "tests.app.prior_alerter"],
            env=environment(settings, **more),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def scores(turn, hot=(), vehicles=40, model="prior-1"):
    """One score of each vehicle; those in `hot` are far above the coolant pump's line."""
    risk = np.full((vehicles, len(MODES), 3), 0.01, np.float32)
    for vehicle in hot:
        risk[vehicle, PUMP] = (0.15, 0.3, 0.5)
    ids = [f"V{number:03d}" for number in range(vehicles)]
    times = np.full(vehicles, START + turn * INTERVAL, np.int64)
    tenants = ["default"] * vehicles
    return RiskRows(PROFILE.name, model, MODES, tenants, ids, times, risk, None)


def publish(settings, *rows):
    publisher = RiskPublisher(settings.broker())
    for one in rows:
        publisher.publish([one])
    publisher.close()


def send(settings, *payloads, vehicle="V001"):
    kafka = settings.broker()
    producer = open_producer(kafka)
    for one in payloads:
        payload = one if isinstance(one, bytes) else encode_command(one)
        place = partition_of(vehicle, 8)
        producer.send(kafka.topic(COMMANDS), payload, vehicle.encode(), partition=place)
    producer.flush()
    producer.close()


def store(settings):
    return ClickHouseStore(settings.store()).clickhouse


def found(settings, **wanted):
    return find_alerts(store(settings), "default", limit=1_000, **wanted)


def answers(settings):
    rows = store(settings).rows(
        "SELECT command_id, done, why FROM alert_commands FINAL ORDER BY command_id"
    )
    return {command: (bool(done), why) for command, done, why in rows}


def everything(settings):
    """All alerts with their changes, and what commands were answered."""
    alerts = {one.alert_id: one for one in found(settings)}
    changes = {one: transitions(store(settings), "default", one) for one in alerts}
    return alerts, changes, answers(settings)


HOT = (1, 5, 9, 13, 22, 30)
OPENED = START + 2 * INTERVAL


def name_of(vehicle, opened_ms=OPENED):
    return alert_id(Fingerprint("default", f"V{vehicle:03d}", "coolant_pump", "risk"), opened_ms)


def command(number, vehicle, action, actor="Ana", **more):
    given = {"time_ms": OPENED + number + 1} | more
    vehicle_id = f"V{vehicle:03d}"
    return AlertCommand(
        f"c{number:02d}", "default", vehicle_id, name_of(vehicle), action, actor, **given
    )


COMMANDS_OF_PEOPLE = (
    command(1, 1, "acknowledge"),
    command(2, 1, "acknowledge", "Bo"),
    command(3, 5, "resolve", outcome="no_fault_found", why="all dry"),
    command(4, 9, "comment", why="seen yesterday"),
    command(5, 13, "snooze", until_ms=OPENED + 3 * INTERVAL),
    command(6, 22, "assign", assignee="Cy"),
    command(7, 99, "acknowledge"),
    AlertCommand(
        "c08",
        "default",
        "",
        "",
        "silence",
        "Ana",
        OPENED,
        "strike",
        until_ms=OPENED + 9 * INTERVAL,
        matchers={"vehicle": "V030"},
    ),
)


def first_part(settings):
    publish(settings, scores(0), *(scores(turn, hot=HOT) for turn in range(1, 4)))


def second_part(settings):
    for one in COMMANDS_OF_PEOPLE:
        send(settings, one, vehicle=one.vehicle_id or "V001")


def third_part(settings):
    hot = [scores(turn, hot=HOT[:4]) for turn in range(4, 12)]
    publish(settings, *hot, *(scores(turn) for turn in range(12, 18)))


def all_closed(settings):
    return len(found(settings, states=["resolved"])) == len(HOT)


def test_kills_at_every_step_leave_the_alerts_of_an_undisturbed_run(stack):
    calm, rough = stack.fresh(), stack.fresh()
    with alerter(calm) as process:
        first_part(calm)
        wait_until(lambda: len(found(calm)) == len(HOT), calm)
        second_part(calm)
        wait_until(lambda: len(answers(calm)) == len(COMMANDS_OF_PEOPLE), calm)
        third_part(calm)
        wait_until(lambda: all_closed(calm), calm)
        stop(process, calm)

    with alerter(rough) as process:
        first_part(rough)
        wait_until(lambda: found(rough), rough)
        process.kill()
    with alerter(rough) as process:
        wait_until(lambda: len(found(rough)) == len(HOT), rough)
        second_part(rough)
        wait_until(lambda: answers(rough), rough)
        process.kill()
    with alerter(rough) as process:
        wait_until(lambda: len(answers(rough)) == len(COMMANDS_OF_PEOPLE), rough)
        third_part(rough)
        wait_until(lambda: all_closed(rough), rough)
        stop(process, rough)

    expected = everything(calm)
    alerts, changes, told = expected
    assert sorted(alerts) == sorted(name_of(vehicle) for vehicle in HOT)
    assert told["c01"] == (True, "acknowledged")
    assert told["c02"] == (False, "Ana acknowledged it already")
    assert told["c07"] == (False, "there is no such alert")
    assert [key for key, (done, _) in told.items() if not done] == ["c02", "c07"]
    steps = {v: [one.step for one in changes[name_of(v)]] for v in HOT}
    assert steps[30] == ["pending", "opened", "muted", "resolved"]
    assert steps[13] == ["pending", "opened", "snoozed", "woken", "escalated", "resolved"]
    assert everything(rough) == expected
    for settings in (calm, rough):
        labels = [one for one in told_events(settings) if one.kind == "finding"]
        assert {(one.vehicle_id, one.detail["outcome"]) for one in labels} == {
            ("V005", "no_fault_found")
        }


def told_events(settings):
    """Events that went into the vehicles' histories."""
    kafka = settings.broker()
    total = topic_offsets(kafka)[TELEMETRY].messages
    consumer, events = open_consumer(kafka, kafka.topic(TELEMETRY)), []
    while len(events) < total:
        for batch in consumer.poll(timeout_ms=500).values():
            events += [event for message in batch for event in decode_message(message.value)]
    consumer.close()
    return events


def test_what_cannot_be_read_becomes_a_dead_letter_and_the_rest_goes_on(stack):
    settings = stack.fresh()
    kafka = settings.broker()
    broken = (
        b"\xc1",
        b"",
        b"{}",
        msgspec.msgpack.encode({"command_id": "x", "action": "dance"}),
        encode_command(command(20, 1, "acknowledge", time_ms=1))[:-3],
        AlertCommand("", "default", "V001", "a", "acknowledge", "Ana", 1),
        AlertCommand("c", "default", "V001", "a", "silence", "Ana", 1),
        AlertCommand("c", "default", "V001", "", "resolve", "Ana", 1),
        command(21, 1, "comment", why="x" * 70_000),
    )
    with alerter(settings) as process:
        producer = open_producer(kafka)
        producer.send(kafka.topic(RISK), b"\xc1 torn", partition=2)
        producer.flush()
        producer.close()
        send(settings, *broken, command(22, 99, "acknowledge"))
        first_part(settings)
        wait_until(lambda: len(list(read_letters(kafka))) == len(broken) + 1, settings)
        wait_until(lambda: len(found(settings)) == len(HOT), settings)
        wait_until(lambda: answers(settings), settings)
        stop(process, settings)
    letters = [kept.letter for kept in read_letters(kafka)]
    assert {one.reason for one in letters} == {
        "undecodable",
        "unknown_schema",
        "bad_command",
        "oversized",
    }
    torn = next(one for one in letters if one.topic == kafka.topic(RISK))
    assert (torn.partition, torn.payload) == (2, b"\xc1 torn")
    whole = {one.payload for one in letters if one.topic == kafka.topic(COMMANDS)}
    assert whole == {one if isinstance(one, bytes) else encode_command(one) for one in broken}
    assert answers(settings) == {"c22": (False, "there is no such alert")}


def test_two_alerters_share_the_fleet_and_one_takes_over(stack):
    settings = stack.fresh()
    with alerter(settings) as one, alerter(settings, TELLTALE_HOME=str(settings.home)) as other:
        wait_until(lambda: log_of(settings).count("alerter is running") == 2, settings)
        first_part(settings)
        wait_until(lambda: len(found(settings)) == len(HOT), settings)
        one.send_signal(signal.SIGKILL)
        second_part(settings)
        third_part(settings)
        wait_until(lambda: all_closed(settings), settings)
        wait_until(lambda: len(answers(settings)) == len(COMMANDS_OF_PEOPLE), settings)
        stop(other, settings)
    assert sorted(one.alert_id for one in found(settings)) == sorted(map(name_of, HOT))
