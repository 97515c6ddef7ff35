"""A partition as the bytes of a snapshot, and back."""

import msgspec
import numpy as np

from app.flow.partition import Engines, Partition
from app.flow.ration import Spent
from features.expectation import Expectation


class _Array(msgspec.Struct, frozen=True, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class _Image(msgspec.Struct, frozen=True):
    next_offset: int
    expectations: dict[str, bytes]
    arrays: dict[str, _Array]
    spent: Spent = Spent()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Image)


def write_image(partition: Partition) -> bytes:
    """State and cursor in one piece, with the expectations that the state was made with."""
    used = {name: partition.expectations[name].to_bytes() for name in partition.state.profiles}
    arrays = {
        name: _Array(array.dtype.str, array.shape, array.tobytes())
        for name, array in partition.state.arrays().items()
    }
    return _encoder.encode(_Image(partition.cursor.next, used, arrays, partition.spent))


def read_image(payload: bytes, number: int, engines: Engines) -> Partition:
    """The partition of `write_image`.

    Raises StaleStateError when engine or profile changed since, ModelError or
    msgspec.DecodeError when it is damaged.
    """
    image = _decoder.decode(payload)
    expectations = {
        name: Expectation.from_bytes(content) for name, content in image.expectations.items()
    }
    known = {name: found for name, found in expectations.items() if name in engines.profiles}
    partition = Partition(number, image.next_offset, engines, known)
    arrays = {
        name: np.frombuffer(array.data, array.dtype).reshape(array.shape)
        for name, array in image.arrays.items()
    }
    partition.state = engines.of(partition.expectations).restore(arrays)
    partition.spent = image.spent
    return partition
