"""Alerter and notifier killed, the receiver of webhooks away: alerts and messages stay the same."""

import http.server
import random
import threading
import time
from contextlib import ExitStack, closing

from app.alerter import GROUP
from app.alerting.relay import GROUP as COMMANDS_GROUP
from contracts.topics import COMMANDS, RISK
from infra.alert_publisher import AlertPublisher
from infra.offsets import group_lag
from infra.ports import choose_port
from tests.alerts.test_routing import notices
from tests.app import test_alerter as alerting
from tests.app.test_notifier import notifier
from tests.faults.compare import Tally
from tests.faults.outcome import OUTAGE_LIMIT_S, Outcome
from tests.faults.scenario import Scenario

_TURNS = 18
_TOGETHER = 5
"""Alerts that are published before each fault."""
_PATIENCE_S = 120


def alerter(ground, size):
    """The same scores and commands with kills and without: equal alerts, changes and answers."""
    calm, rough = ground.fresh(), ground.fresh()
    outcome = Outcome("alerter killed -9 at random moments")
    _play(calm, 0, Outcome("undisturbed"))
    _play(rough, size.times(_TURNS, least=3), outcome)
    expected, found = _records(calm), _records(rough)
    outcome.tallies["alerts"] = Tally(
        len(expected),
        len(found),
        lost=len(expected.keys() - found.keys()),
        doubled=_repeated(found) - _repeated(expected),
        wrong=sum(expected.get(key) != one for key, one in found.items()),
    )
    return [outcome]


def _play(settings, kills, outcome):
    chance, lives = random.Random(9), ExitStack()
    with lives:
        process = lives.enter_context(alerting.alerter(settings))
        for turn in range(_TURNS):
            if turn == 4:
                outcome.events += _people(settings)
            hot = alerting.HOT if 1 <= turn < 4 else alerting.HOT[:4] if 4 <= turn < 12 else ()
            rows = alerting.scores(turn, hot=hot)
            alerting.publish(settings, rows)
            outcome.events += len(rows.time_ms)
            if outcome.faults < kills:
                time.sleep(chance.uniform(0, 1.5))
                process.kill()
                outcome.faults += 1
                began = time.monotonic()
                process = lives.enter_context(alerting.alerter(settings))
                alerting.wait_until(lambda: _caught_up(settings), settings)
                outcome.recoveries.append(time.monotonic() - began)
        alerting.wait_until(lambda: alerting.all_closed(settings), settings)
        alerting.stop(process, settings)


def _people(settings):
    """What people do once alerts are open; how many commands."""
    opened, asked = len(alerting.HOT), len(alerting.COMMANDS_OF_PEOPLE)
    alerting.wait_until(lambda: len(alerting.found(settings)) == opened, settings)
    alerting.second_part(settings)
    alerting.wait_until(lambda: len(alerting.answers(settings)) == asked, settings)
    return asked


def _caught_up(settings):
    kafka = settings.broker()
    return not group_lag(kafka, COMMANDS_GROUP, COMMANDS) and not group_lag(kafka, GROUP, RISK)


def _records(settings):
    alerts, changes, answers = alerting.everything(settings)
    found = {("alert", name): one for name, one in alerts.items()}
    found |= {("answer", name): one for name, one in answers.items()}
    return found | {
        ("change", name, at): one for name, some in changes.items() for at, one in enumerate(some)
    }


def _repeated(records):
    every = [repr(one) for key, one in records.items() if key[0] == "change"]
    return len(every) - len(set(every))


class Hook:
    """A receiver on one port that can go away and come back. `got`: how often each id came."""

    def __init__(self):
        self.port, self.got, self._server = choose_port(0, 0, "", ""), {}, None
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def open(self):
        got = self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                name = self.headers["webhook-id"]
                got[name] = got.get(name, 0) + 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def messages(ground, size):
    """Every alert is told under one id, whoever dies; the receiver knows a repetition by it."""
    settings = ground.fresh()
    with closing(Hook()) as hook, ExitStack() as lives:
        hook.open()
        process = lives.enter_context(notifier(settings, hook.url))
        killed = Outcome("notifier killed -9 at random moments", limit_s=OUTAGE_LIMIT_S)
        chance = random.Random(10)
        for _ in range(size.times(10, least=2)):
            _publish(settings, killed, "killed")
            time.sleep(chance.uniform(0, 2))
            process.kill()
            killed.faults += 1
            process = lives.enter_context(notifier(settings, hook.url))
            killed.recoveries.append(_until(hook, killed.events))
        _tally(killed, hook)
        away = Outcome("receiver of webhooks away", limit_s=60.0)
        before, hook.got = hook.got, {}
        for _ in range(size.times(3, least=1)):
            hook.close()
            _publish(settings, away, "away")
            time.sleep(size.seconds(20, least=4))
            away.faults += 1
            hook.open()
            away.recoveries.append(_until(hook, away.events))
        _tally(away, hook)
        away.tallies["messages"] += Tally(doubled=len(before.keys() & hook.got.keys()))
    return [killed, away]


def _publish(settings, outcome, name):
    with closing(AlertPublisher(settings.broker())) as publisher:
        for _ in range(_TOGETHER):
            publisher.publish(notices(0.9, 0.9, vehicle=f"{name}-{outcome.events}"))
            outcome.events += 1


def _until(hook, count):
    """Seconds until so many messages have come; None for never."""
    began = time.monotonic()
    while len(hook.got) < count:
        if time.monotonic() > began + _PATIENCE_S:
            return None
        time.sleep(0.05)
    return time.monotonic() - began


def _tally(outcome, hook):
    found = len(hook.got)
    outcome.tallies["messages"] = Tally(
        outcome.events,
        found,
        lost=max(0, outcome.events - found),
        doubled=max(0, found - outcome.events),
    )
    outcome.notes["repeated under the same id"] = sum(hook.got.values()) - found


SCENARIOS = (
    Scenario("alerter", alerter, short=False),
    Scenario("notifier", messages, short=False),
)
