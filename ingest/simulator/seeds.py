"""Random numbers by name: every vehicle and purpose has a stream of its own.

So a vehicle's life doesn't depend on how many others there are, nor on how the work is chunked.
"""

from zlib import crc32

import numpy as np


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """The stream of this seed and these names, the same on every machine."""
    keys = [crc32(name.encode()) if isinstance(name, str) else name for name in names]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *keys])))
