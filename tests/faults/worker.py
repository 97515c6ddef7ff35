"""A real worker process of the harness, forked from a process that has imported everything."""

import asyncio
import ctypes
import faulthandler
import os
import signal
import sys

import app.worker
from app.assembly import run_worker
from app.logs import configure_logs
from app.profiles import load_profiles
from app.settings import load_settings
from contracts.errors import TelltaleError
from tests.faults import mutants, points
from tests.faults.champion import FileShelf

_DIE_WITH_PARENT = 1


def run(environment, log):
    """Be a worker with this environment until stopped; `FAULTS_...` in it harm it."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(handle, stream)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    os.environ.clear()
    os.environ.update(environment)
    configure_logs()
    if environment.get("FAULTS_POINT"):
        points.set_trap(environment["FAULTS_POINT"])
    if environment.get("FAULTS_MUTANT"):
        mutants.MUTANTS[environment["FAULTS_MUTANT"]].become()
    if environment.get("FAULTS_POLL_S"):
        app.worker.POLL_S = float(environment["FAULTS_POLL_S"])
    settings = load_settings()
    try:
        asyncio.run(run_worker(settings, FileShelf(settings.home), load_profiles(settings)))
    except TelltaleError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    run(dict(os.environ), sys.argv[1])
