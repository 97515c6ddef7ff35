"""Hunts for the mutants. Each hunt is also run on an honest worker, which must pass it."""

import time
from functools import partial

from app.worker import GROUP
from contracts.topics import TELEMETRY
from infra.offsets import committed_offsets
from tests.faults import points
from tests.faults.lane import Lane
from tests.faults.scenario import Scenario, each, side_by_side
from tests.faults.scenarios.snapshots import forget_committed, newest_files
from tests.faults.traffic import repeated, steady

_HONEST = ""
_A_SECOND, _BACKLOG_A_SECOND, _BACKLOG_S = 8.0, 300.0, 5.0
_AT_ONCE = 4


def _kill_and_forget(lane, harm=None):
    """Kill; then what is committed vanishes from the log, as retention may have it."""
    lane.wait_for_snapshots()
    lane.fault()
    lane.crew.kill()
    lane.crew.wait_for_end()
    if harm:
        harm(lane)
    forget_committed(lane.settings)


def crash(lane):
    _kill_and_forget(lane)


def crash_ahead(lane, limit_s=5.0):
    """Killed while a commit is ahead of its snapshot, if there is such a moment."""
    lane.wait_for_snapshots()
    kafka, end = lane.settings.broker(), time.monotonic() + limit_s
    while time.monotonic() < end:
        saved = {int(file.parent.name): int(file.stem) for file in newest_files(lane.settings)}
        committed = committed_offsets(kafka, GROUP, TELEMETRY)
        if any(offset > saved.get(number, offset) for number, offset in committed.items()):
            break
    _kill_and_forget(lane)


def crash_after_ack(lane):
    """Killed just after a commit."""
    _crash_at(lane, points.AFTER_ACK)
    forget_committed(lane.settings)


def crash_after_store(lane):
    """Killed when a batch is stored and no snapshot knows of it: its rows are written again."""
    _crash_at(lane, points.AFTER_STORE)


def _crash_at(lane, point):
    lane.wait_for_snapshots()
    lane.crew.prepare(FAULTS_POINT=f"{point}:3:kill")
    lane.crew.kill()
    lane.wait_for(f"trap: {point}")
    lane.fault()


def crash_and_damage(lane):
    """The newest snapshots are cut short as well."""

    def cut(lane):
        for file in newest_files(lane.settings):
            file.write_bytes(file.read_bytes()[:-9])

    _kill_and_forget(lane, cut)


def crash_and_flip(lane):
    """A byte of the newest snapshots' arrays is another."""

    def flip(lane):
        for file in newest_files(lane.settings):
            content = bytearray(file.read_bytes())
            for place in range(len(content) // 2, len(content), 64):
                content[place] ^= 0x10
            file.write_bytes(content)

    _kill_and_forget(lane, flip)


def crash_and_fall_back(lane):
    """Only the oldest snapshots are left: older than the commit. The log is whole."""
    lane.wait_for_snapshots()
    lane.fault()
    lane.crew.stop()
    for folder in (lane.settings.home / "snapshots").iterdir():
        for file in sorted(folder.glob("0*.snapshot"))[1:]:
            file.unlink()
    lane.crew.resize(1)


def fall_back_over_backlog(lane):
    """As above, while much more is waiting than one fetch brings."""
    lane.load.slow_down(_BACKLOG_A_SECOND)
    crash_and_fall_back(lane)
    time.sleep(_BACKLOG_S)
    lane.load.slow_down(_A_SECOND)


def repeats(lane):
    """Nothing but the repeats of the load."""
    lane.fault()
    time.sleep(3.0)


HUNTS = (
    ("ack before the store's ack", crash),
    ("plain take()", crash_ahead),
    ("snapshot after the ack", crash_after_ack),
    ("skips one too many", crash),
    ("skips one too few", crash),
    ("seek under flow", fall_back_over_backlog),
    ("no anti-replay", repeats),
    ("snapshot believed unchecked", crash_and_flip),
    ("commit without trailing", crash_and_damage),
    ("no FINAL", crash_after_store),
)


def _hunt(ground, mutant, harm):
    parcels = repeated(steady(60, 20), 20) if harm is repeats else steady(60, 20)
    plain = mutant == "no FINAL"
    given = {} if plain or not mutant else {"FAULTS_MUTANT": mutant}
    name = f"mutant: {mutant}" if mutant else "honest"
    with Lane(ground, name, parcels=parcels, final=not plain, **given) as lane:
        lane.keep_parts()
        lane.outcome.limit_s = 60.0
        lane.level_limit_s = 30.0
        lane.warm_up()
        harm(lane)
        lane.recover(time.monotonic(), 60)
        return lane.finish()


def _judge(found):
    """A mutant's row passes when there is something against it."""
    against = found.verdict(timed=False)
    found.notes = {"caught by": against[0][:200] if against else "nothing"}
    found.caught = bool(against)
    return found


def hunts(ground, size):
    """Each mutant against the harm that it can't stand; the first few in the short form."""
    rows = []
    for start in range(0, size.times(len(HUNTS), least=_AT_ONCE), _AT_ONCE):
        chosen = HUNTS[start : start + _AT_ONCE]
        works = [partial(_hunt, ground, mutant, harm) for mutant, harm in chosen]
        found = each(works, [f"mutant: {mutant}" for mutant, _ in chosen])
        rows += [_judge(outcome) for outcome in found]
    return rows


def controls(ground, size):
    """The same harm to an honest worker."""
    del size
    harms = dict.fromkeys(harm for _, harm in HUNTS)
    works = [partial(_hunt, ground, _HONEST, harm) for harm in harms]
    return [side_by_side("the mutants' harm, done to an honest worker", works)]


SCENARIOS = (Scenario("mutants", hunts), Scenario("honest", controls))
