"""One installation under load: its topics and tables, its producer, its workers, its oracle."""

import time
from pathlib import Path

from contracts.topics import PARTITIONS, TELEMETRY
from infra.offsets import committed_offsets, group_lags
from infra.snapshots import KEPT
from infra.store import ClickHouseStore
from tests.faults import traffic
from tests.faults.champion import FIRST
from tests.faults.compare import Tally, compare, compare_plainly, compare_states
from tests.faults.crew import Crew, Forked
from tests.faults.found import newest_snapshots, read
from tests.faults.gauge import Gauge
from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.outcome import Outcome

_LEVEL_LIMIT_S = 120
STOP_LIMIT_S = 10.0
WARM_UP_S = 60


class Lane:
    """A context manager. Do harm in its body, then `finish()`."""

    def __init__(self, ground, name, *, parcels=None, per_second=8.0, size=1, **more):
        self.ground = ground
        self.settings = ground.fresh()
        self.outcome = Outcome(name)
        self.champions = {FIRST}
        self.put_champion(FIRST)
        start, proxied = more.pop("start", Forked), more.pop("proxied", False)
        self._final, self.level_limit_s = more.pop("final", True), _LEVEL_LIMIT_S
        reached = ground.proxied(self.settings) if proxied else self.settings
        self.load = Load(self.settings, parcels or traffic.steady(), per_second)
        self.gauge = Gauge(self.settings, self.load)
        self.crew = Crew(reached, size, start, **more)
        self.oracle = Oracle(self.settings.broker().topic(TELEMETRY))
        self._began = time.monotonic()

    def __enter__(self):
        self.load.start()
        self.crew.__enter__()
        return self

    def __exit__(self, kind, *_):
        self.crew.__exit__()
        if kind:
            self.load.halt()

    def put_champion(self, name):
        path = self.settings.home / "champion"
        draft = path.with_suffix(".draft")
        draft.write_text(name)
        Path(draft).replace(path)

    def warm_up(self):
        """Until rows flow. An installation that never comes up is a complaint."""
        if self.gauge.recover(time.monotonic(), WARM_UP_S) is None:
            raise AssertionError(f"no rows came within {WARM_UP_S} s: {self.crew.stacks()}")

    def wait_for(self, text, limit_s=60, times=1):
        """Until workers have written this so many times."""
        end = time.monotonic() + limit_s
        while self.crew.text().count(text) < times:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} never came: {self.crew.last_words()}")
            time.sleep(0.02)

    def fault(self):
        """Count one fault; the moment it was done."""
        self.outcome.faults += 1
        return time.monotonic()

    def recover(self, since, limit_s=90.0):
        """Measure the recovery from `since`."""
        seconds = self.gauge.recover(since, limit_s)
        self.outcome.recoveries.append(seconds)
        return seconds

    def wait_for_snapshots(self, limit_s=60):
        """Until every partition has as many snapshots as are kept."""
        end = time.monotonic() + limit_s
        folder = self.settings.home / "snapshots"
        while any(
            len(list((folder / f"{number:05d}").glob("0*.snapshot"))) < KEPT
            for number in range(PARTITIONS)
        ):
            if time.monotonic() > end:
                raise AssertionError(f"too few snapshots: {self.crew.last_words()}")
            time.sleep(0.1)

    def keep_parts(self):
        """Let the store merge nothing, so that rows that were written twice stay two."""
        clickhouse = ClickHouseStore(self.settings.store()).clickhouse
        for table in ("summaries", "features", "risk"):
            clickhouse.command(
                f"ALTER TABLE {table} MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1"
            )

    def wait_until_committed(self, limit_s=30):
        """Until an idle worker has committed all that the log holds."""
        end = time.monotonic() + limit_s
        kafka = self.settings.broker()
        while sum(group_lags(kafka).get(kafka.group("telltale-worker"), {"": 1}).values()):
            if time.monotonic() > end:
                raise AssertionError(f"the commit stays behind: {self.crew.last_words()}")
            time.sleep(0.2)

    def ahead(self):
        """Messages that are committed, but in no valid snapshot: after a crash they are gone as
        soon as the log forgets them.
        """
        saved = newest_snapshots(self.settings)
        committed = committed_offsets(self.settings.broker(), "telltale-worker", TELEMETRY)
        return sum(
            max(0, offset - (saved[number][0] if number in saved else 0))
            for number, offset in committed.items()
        )

    def finish(self, *, states=True):
        """Stop the load, wait until all is stored, stop the workers, compare; the outcome."""
        self.load.stop()
        outcome = self.outcome
        if not self.gauge.wait_until_level(self.level_limit_s):
            outcome.complaints.append(f"{self.gauge.lag()} parcels were never stored")
            outcome.notes["log"] = self.crew.last_words()
        try:
            took = self.crew.stop()
            outcome.notes["stop_s"] = round(took, 1)
            if took > STOP_LIMIT_S:
                outcome.complaints.append(f"a stop took {took:.1f} s")
        except AssertionError as error:
            outcome.complaints.append(str(error))
        outcome.complaints += [f"a worker fell: {code} {text}" for code, text in self.crew.fell]
        outcome.events = self.load.records
        self._compare(states)
        outcome.took_s = time.monotonic() - self._began
        return outcome

    def digest(self):
        """Let the oracle take what was acknowledged so far, so that it needn't be kept."""
        self.oracle.feed(self.load.messages(), self.load.bad)

    def _compare(self, states):
        oracle, outcome = self.oracle, self.outcome
        self.digest()
        found = self.found = read(self.settings, final=self._final)
        outcome.tallies |= compare(oracle.expected, found, self.champions)
        plain = compare_plainly(oracle.literal, found)
        outcome.tallies["summaries, plainly"] = plain
        if states:
            saved = newest_snapshots(self.settings)
            outcome.tallies["states"] = compare_states(oracle.partitions, saved)
        if self.load.refused:
            outcome.tallies["acknowledged"] = Tally(wrong=self.load.refused)
