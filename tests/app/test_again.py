"""What is done again and again beside the requests."""

import threading

from app.api.again import Again


def test_one_failure_does_not_end_what_comes_after():
    done = threading.Semaphore(0)

    def work():
        done.release()
        raise OSError("away")

    again = Again("work", work, every_s=0.01)
    again.start()
    assert all(done.acquire(timeout=30) for _ in range(3))
    again.close()
    while done.acquire(blocking=False):
        pass
    assert not done.acquire(timeout=0.1)
