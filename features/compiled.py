"""Inner loops compiled by numba.

Modules that hold one are imported when they are first called: numba takes a quarter of a second to
import, which only who uses it should pay.
"""

from collections.abc import Callable

import numba


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """The function in machine code, which lets other threads run. It is kept on disk for the next
    process, where there is a folder that may be written to.
    """
    try:
        found: Callable[..., None] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        found = numba.njit(nogil=True)(function)
    return found
