import ctypes
import subprocess
import sys

import pytest

_READS = 500
_LOOK = f"""
import os, resource, sys
from infra.allocator import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
out, into = os.pipe()
filling, faults = bytes(48 * 1024), lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for _ in range({_READS}):
    os.write(into, filling)
    os.read(out, 256 * 1024)
print(faults() - before)
"""


def _faults(how: str) -> int:
    line = [sys.executable, "-c", _LOOK, how]
    return int(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="the C library isn't glibc"
)
def test_a_buffer_that_was_read_into_is_not_cleared_again_by_the_kernel() -> None:
    # As asyncio reads a socket: a large buffer is asked for, and cut to what came.
    assert _faults("leave") > 5 * _READS
    assert _faults("keep") < _READS
