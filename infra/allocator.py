"""The C library's allocator, for processes that work on arrays.

glibc gives a freed block above 128 KB to 32 MB (it learns) back to the kernel, and the next array
is made of pages that the kernel has to clear first.
"""

import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 256 * 1024 * 1024
"""A process of ours frees and takes again less than this within one batch."""


def keep_freed_memory() -> bool:
    """Keep freed blocks for the next arrays of this process (mallopt(3)). False where the C
    library isn't glibc: its allocator has rules of its own.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    thresholds = (_TRIM_THRESHOLD, _MMAP_THRESHOLD)
    return all(library.mallopt(which, _KEPT_BYTES) for which in thresholds)
