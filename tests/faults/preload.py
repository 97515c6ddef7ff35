"""Imported once by the process that workers are forked from: everything that they need."""

import gc
import importlib

from tests.faults import worker

_LATE = (
    "aiokafka",
    "cramjam",
    "faust.agents",
    "faust.app.base",
    "faust.assignor.partition_assignor",
    "faust.tables.manager",
    "faust.transport.drivers.aiokafka",
    "faust.web",
    "faust.worker",
    "fsspec.implementations.local",
    "mode.debug",
    "numpy.random",
)

for name in _LATE:
    importlib.import_module(name)
# A fork then passes over what was there before it, instead of touching every page.
gc.collect()
gc.freeze()
__all__ = ["worker"]
