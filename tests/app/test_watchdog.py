"""What hangs is ended, what rests or waits is not."""

import subprocess
import sys
import threading
import time

from app.watchdog import EXIT_STALLED, Watchdog


def test_only_a_part_that_is_silent_too_long_is_a_reason():
    dog = Watchdog(60)
    now = time.monotonic()
    assert dog.check(now + 1_000) == ""
    dog.beat("a batch")
    assert dog.check(now + 50) == ""
    assert dog.check(now + 70) == "a batch made no progress for 70 s"
    dog.rest("a batch")
    assert dog.check(now + 1_000) == ""


def test_beginning_does_not_count_as_progress():
    dog = Watchdog(60)
    dog.begin("delivery")
    at = time.monotonic()
    time.sleep(0.02)
    dog.begin("delivery")
    assert dog.check(at + 60.005).startswith("delivery made no progress")


def test_a_stop_that_hangs_is_a_reason():
    dog = Watchdog(60)
    now = time.monotonic()
    dog.end_within(9)
    assert dog.check(now + 8.9) == ""
    assert dog.check(now + 9.1).startswith("its stop doesn't come to an end")


def test_a_stall_calls_the_end_once():
    reasons, called = [], threading.Event()

    def end(reason):
        reasons.append(reason)
        called.set()

    dog = Watchdog(0.0, end)
    dog.beat("the event loop")
    dog.start()
    assert called.wait(10)
    assert len(reasons) == 1
    assert "the event loop made no progress" in reasons[0]


def test_the_process_ends_with_a_reason_even_though_its_loop_hangs():
    code = (
        "import time; from app.watchdog import Watchdog; dog = Watchdog(0.2); "
        "dog.beat('a batch'); dog.start(); time.sleep(60)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == EXIT_STALLED
    assert "a batch made no progress" in done.stdout + done.stderr
