"""Replaying logs, with what receives them in memory."""

import os
import threading

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.cli.replay import in_words, start_ms
from app.replay.checkpoint import Checkpoint
from app.replay.job import Job, Replayed
from app.replay.pace import Pace
from app.replay.run import FLUSH_ITEMS, Replay, moved
from contracts.errors import SettingsError, UnavailableError
from contracts.records import VehicleEvent
from ingest.adapters import carobd
from ingest.adapters.reading import ReadOptions, Unreadable
from tests.ingest.adapters import logs


class Sink:
    """What was sent, what of it is acknowledged, and when the checkpoint was asked."""

    def __init__(self, fail_at=None):
        self.sent, self.letters, self.acknowledged, self.fail_at = [], [], 0, fail_at

    def send(self, records):
        self.sent += records
        if self.fail_at is not None and len(self.sent) > self.fail_at:
            raise UnavailableError("the broker is away")

    def refuse(self, letter):
        self.letters.append(letter)

    def flush(self):
        self.acknowledged = len(self.sent) + len(self.letters)


def items(count):
    found = [VehicleEvent("d", "truck-diesel", "V", 1_700_000_000_000 + i, "service", str(i))
             for i in range(count)]  # fmt: skip
    found[7] = Unreadable("log.csv", 8, "torn", b"bytes")
    return found


def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "replays" / "one.json", tmp_path / "log.csv")


def test_everything_goes_out_in_order_and_the_checkpoint_says_so(tmp_path):
    sink, point = Sink(), checkpoint(tmp_path)
    log = items(1_000)
    replay = Replay(sink, point, Pace(0))
    assert replay.run(log) is True
    assert sink.sent == [item for item in log if isinstance(item, VehicleEvent)]
    assert (sink.letters[0].topic, sink.letters[0].offset) == ("log.csv", 8)
    assert sink.letters[0].payload == b"bytes"
    assert (replay.sent, replay.tally.records, dict(replay.tally.refused)) == (
        999,
        999,
        {"unreadable_row": 1},
    )
    found = point.load()
    assert (found.items, found.whole, sink.acknowledged) == (1_000, True, 1_000)


def test_what_was_sent_before_is_counted_but_not_sent_again(tmp_path):
    sink = Sink()
    replay = Replay(sink, checkpoint(tmp_path), Pace(0), skip=990)
    replay.run(items(1_000))
    assert [event.code for event in sink.sent] == [str(i) for i in range(990, 1_000)]
    assert sink.letters == []
    assert (replay.sent, replay.tally.records) == (10, 999)


def test_a_checkpoint_is_never_ahead_of_the_broker(tmp_path):
    sink, point = Sink(fail_at=FLUSH_ITEMS + 700), checkpoint(tmp_path)
    replay = Replay(sink, point, Pace(0))
    with pytest.raises(UnavailableError):
        replay.run(items(3 * FLUSH_ITEMS))
    assert 0 < point.load().items <= sink.acknowledged < len(sink.sent)


def test_a_stop_ends_it_at_a_record_and_keeps_the_place(tmp_path):
    sink, point, stop = Sink(), checkpoint(tmp_path), threading.Event()

    def stopping():
        for index, item in enumerate(items(1_000)):
            if index == 300:
                stop.set()
            yield item

    assert Replay(sink, point, Pace(0), stop=stop).run(stopping()) is False
    assert (point.load().items, point.load().whole) == (300, False)
    assert sink.acknowledged == 300


def test_checkpoints_belong_to_files_as_they_are(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("one")

    def named(*ways):
        return Checkpoint.of(tmp_path / "replays", file, [file], *ways).file

    first = named("carobd", None)
    assert named("carobd", None) == first
    assert named("kit-obd", None) != first
    os.utime(file, (1, 1))
    assert named("carobd", None) != first


def test_a_damaged_checkpoint_begins_anew(tmp_path):
    point = checkpoint(tmp_path)
    assert point.load().items == 0
    point.save(12)
    assert point.load().items == 12
    point.file.write_bytes(point.file.read_bytes()[:9])
    assert point.load().items == 0


def test_pace_follows_event_time_and_starts_anew_where_time_goes_back():
    now = [100.0]
    pace = Pace(10.0, clock=lambda: now[0])
    assert pace.wait_s(5_000) == 0.0
    assert pace.wait_s(25_000) == 2.0
    now[0] = 101.5
    assert pace.wait_s(25_000) == 0.5
    assert pace.wait_s(6_000) == 0.0
    assert pace.wait_s(16_000) == 1.0
    now[0] = 999.0
    assert pace.wait_s(17_000) == 0.0


def test_records_wait_until_they_are_due_with_the_place_kept_meanwhile(tmp_path):
    point, sink, waits = checkpoint(tmp_path), Sink(), []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waits.append((timeout, point.load().items, sink.acknowledged))
            return False

    log = [
        VehicleEvent("d", "p", "V", 1_700_000_000_000 + i * 60_000, "service", "") for i in range(3)
    ]
    Replay(sink, point, Pace(60.0, lambda: 0.0), stop=Stop()).run(log)
    assert waits == [(1.0, 1, 1), (2.0, 2, 2)]


def test_a_log_can_be_moved_in_time_whole(tmp_path):
    found = logs.read(carobd.read, tmp_path, "drive1.csv", logs.drive(100) + b"torn\n")
    there = list(moved(found, 1_750_000_000_000))
    shift = there[0].start_ms - found[0].start_ms
    assert there[0].start_ms == 1_750_000_000_000
    assert [item.start_ms - shift for item in logs.frames(there)] == [
        item.start_ms for item in logs.frames(found)
    ]
    assert [item.seq - shift // 1_000 for item in logs.frames(there)] == [
        item.seq for item in logs.frames(found)
    ]
    assert logs.refused(there) == logs.refused(found)
    event = VehicleEvent("d", "p", "V", 1_700_000_000_000, "service", "")
    assert next(moved([event], 1_750_000_000_000)).time_ms == 1_750_000_000_000


def test_files_of_other_formats_are_named(tmp_path):
    (tmp_path / "drive1.csv").write_bytes(logs.drive(3))
    (tmp_path / "README.md").write_text("about")
    job = Job(tmp_path, "carobd", ReadOptions())
    assert job.left_out() == ["README.md"]
    assert [file.name for file in job.files()] == ["drive1.csv"]
    assert Job(tmp_path / "drive1.csv", "carobd", ReadOptions()).left_out() == []


def test_people_are_told_what_came_of_it():
    done = replayed(sent=12, refused={"unreadable_row": 3}, left_out=["a.md"])
    assert in_words(done) == (
        "12 records sent in 1.5 s; the log holds 10 frames (600 samples) and 2 events.\n"
        "Refused: unreadable_row 3.\nLeft out, of another format: a.md."
    )
    again = replayed(resumed_at=12)
    assert in_words(again) == "All 12 records went out before; --no-resume sends them again."
    stopped = in_words(replayed(sent=3, resumed_at=4, complete=False))
    assert "Went on after 4 items" in stopped
    assert stopped.endswith("Stopped; the same command goes on from here.")


def replayed(*, sent=0, refused=None, resumed_at=0, complete=True, left_out=()):
    held = {"records": 12, "frames": 10, "samples": 600, "events": 2, "refused": refused or {}}
    sending = {"sent": sent, "resumed_at": resumed_at, "complete": complete, "seconds": 1.5}
    return Replayed(format="carobd", **held, **sending, left_out=list(left_out))


def test_a_start_is_a_time_that_has_been():
    assert start_ms("") is None
    assert start_ms("2024-03-01T08:00") == 1_709_280_000_000
    assert start_ms("2024-03-01T09:00+01:00") == 1_709_280_000_000
    for text in ("yesterday", "1999-01-01", "2099-01-01"):
        with pytest.raises(SettingsError, match=r"--start"):
            start_ms(text)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.csv"], "there is no such file or folder"),
        (["README.md"], "no log that is known here"),
        (["drive1.csv", "--format", "excel"], "choose from cmapss, machines"),
        (["drive1.csv", "--format", "machines", "--vehicle", "V1"], "leave it out"),
        (["drive1.csv", "--vehicle", "V" * 65], "1 to 64 printable characters"),
        (["drive1.csv", "--vehicle", "V\n1"], "1 to 64 printable characters"),
        (["drive1.csv", "--profile", "submarine"], "there are car-combustion"),
        (["drive1.csv", "--start", "soon"], "write a date like"),
        (["drive1.csv"], "telltale up"),
    ],
)
def test_a_mistake_gets_one_sentence(tmp_path, monkeypatch, arguments, sentence):
    (tmp_path / "drive1.csv").write_bytes(logs.drive(3))
    (tmp_path / "README.md").write_text("about")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(app, ["replay", *arguments])
    assert result.exit_code == 1
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)
