"""A request's body: read within a limit, decompressed within another."""

import zlib
from collections.abc import AsyncIterator

import cramjam

from app.api.problems import ProblemError, too_large

ENCODINGS = ("identity", "gzip", "zstd")


async def read_body(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """The whole body. Raises ProblemError (413) above `limit`; the rest is not read then."""
    parts, taken = [], 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > limit:
            raise too_large(limit)
        parts.append(chunk)
    return b"".join(parts)


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as it was before. Raises ProblemError: 415 for an encoding that we don't know, 400
    for a damaged body, 413 for one that grows above `limit` (it is never unpacked further).
    """
    if encoding in {"", "identity"}:
        return body
    if encoding == "gzip":
        return _gunzip(body, limit)
    if encoding == "zstd":
        return _unzstd(body, limit)
    detail = f"Content-Encoding {encoding!r} is unknown here; use {', '.join(ENCODINGS)}."
    problem = ProblemError(415, "unknown-encoding", "Unknown encoding", detail)
    problem.headers = {"Accept-Encoding": ", ".join(ENCODINGS)}
    raise problem


def _gunzip(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise _damaged("gzip", str(error)) from None
    if len(found) > limit:
        raise too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise _damaged("gzip", "it ends in the middle, or something follows it")
    return found


def _unzstd(body: bytes, limit: int) -> bytes:
    room = bytearray(min(limit, 64 * len(body)) + 1)
    try:
        taken = cramjam.zstd.decompress_into(body, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" not in str(error):
            raise _damaged("zstd", str(error)) from None
        if len(room) > limit:
            raise too_large(limit) from None
        return _unzstd_fully(body, limit)
    if taken > limit:
        raise too_large(limit)
    return bytes(memoryview(room)[:taken])


def _unzstd_fully(body: bytes, limit: int) -> bytes:
    """For bodies that shrank to less than a 64th."""
    room = bytearray(limit + 1)
    try:
        taken = cramjam.zstd.decompress_into(body, room)
    except cramjam.DecompressionError:
        raise too_large(limit) from None
    if taken > limit:
        raise too_large(limit)
    return bytes(memoryview(room)[:taken])


def _damaged(encoding: str, why: str) -> ProblemError:
    detail = f"The body isn't {encoding}: {why}."
    return ProblemError(400, "damaged-body", "Damaged body", detail)
