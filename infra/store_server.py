"""The embedded store: the ClickHouse engine behind ClickHouse's HTTP interface, on loopback.

Run as a process of its own (`infra/store_process.py` starts it); enough of the interface for
clickhouse-connect, Grafana and curl. https://clickhouse.com/docs/interfaces/http
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import re
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cramjam
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.ports import LOOPBACK
from infra.store_engine import Answer, EngineError, Statement, StoreEngine

MAX_BODY_BYTES = 1 << 30
_CONCURRENT = 8
_CHUNK = 1 << 18
# Parameters of the interface itself; every other one is a setting of the engine.
_INTERFACE = frozenset(
    """
    buffer_size client_protocol_version compress database decompress default_format
    enable_http_compression http_headers_progress_interval_ms password query query_id
    quota_key role send_progress_in_http_headers session_check session_id session_timeout user
    wait_end_of_query
    """.split()  # noqa: SIM905 (a list would take a line each)
)
# The head of an INSERT whose rows follow in the body.
_INSERT = re.compile(
    rb"""\s*INSERT\s+INTO\s(?:[^'"`]|'[^']*'|"[^"]*"|`[^`]*`)*?\bFORMAT\s+\w+[ \t]*(?:\r?\n|$)?""",
    re.IGNORECASE,
)
_DECODERS = {
    "br": cramjam.brotli.decompress,
    "deflate": cramjam.zlib.decompress,
    "gzip": cramjam.gzip.decompress,
    "lz4": cramjam.lz4.decompress,
    "zstd": cramjam.zstd.decompress,
}
_STATUS = {60: 404, 62: 400, 81: 404, 194: 401, 497: 403, 516: 403}


class StoreServer:
    """Answers HTTP requests with one engine, for one user."""

    def __init__(self, engine: StoreEngine, user: str, password: str, scratch: Path) -> None:
        self._engine = engine
        self._credentials = f"{user}:{password}".encode()
        self._scratch = scratch
        self._threads = ThreadPoolExecutor(_CONCURRENT)

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/ping", self._ping, methods=["GET", "HEAD"]),
            Route("/", self._query, methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self._engine.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    async def _ping(self, _request: Request) -> Response:
        return PlainTextResponse("Ok.\n")

    async def _query(self, request: Request) -> Response:
        query_id = request.query_params.get("query_id") or str(uuid.uuid4())
        began = time.monotonic_ns()
        try:
            self._authenticate(request)
            with _place(self._scratch) as path:
                statement = await _statement(request, path)
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._threads, self._engine.run, statement)
        except EngineError as error:
            return _failure(error, query_id)
        except OSError as error:
            text = f"Code: 243. DB::Exception: no room for the request: {error}. (NOT_ENOUGH_SPACE)"
            return _failure(EngineError(text), query_id)
        except ClientDisconnect:
            return Response(status_code=499)
        return _success(answer, query_id, time.monotonic_ns() - began)

    def _authenticate(self, request: Request) -> None:
        if not hmac.compare_digest(_given_credentials(request), self._credentials):
            text = "Code: 516. DB::Exception: user or password is wrong. (AUTHENTICATION_FAILED)"
            raise EngineError(text)


def _given_credentials(request: Request) -> bytes:
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        with contextlib.suppress(ValueError):
            return base64.b64decode(header[6:], validate=True)
    user = request.headers.get("x-clickhouse-user") or request.query_params.get("user", "")
    key = request.headers.get("x-clickhouse-key") or request.query_params.get("password", "")
    return f"{user}:{key}".encode()


async def _statement(request: Request, rows: Path) -> Statement:
    """What is asked. Rows that follow an INSERT are written to the path `rows`."""
    query = request.query_params.get("query", "")
    encoding = _encoding(request)
    if _INSERT.match(query.encode()):
        has_data = bool(await _spool(request, rows))
    else:
        body = b"".join([chunk async for chunk in _body(request)])
        if len(body) <= _CHUNK:
            text, has_data = _split(body, encoding, rows)
        else:
            text, has_data = await asyncio.to_thread(_split, body, encoding, rows)
        query = f"{query}\n{text}" if query else text
        encoding = ""
    parameters = request.query_params.items()
    return Statement(
        sql=query,
        database=request.query_params.get("database")
        or request.headers.get("x-clickhouse-database", ""),
        output=request.query_params.get("default_format")
        or request.headers.get("x-clickhouse-format", "TabSeparated"),
        settings={
            name: value
            for name, value in parameters
            if name not in _INTERFACE and not name.startswith("param_")
        },
        parameters={name[6:]: value for name, value in parameters if name.startswith("param_")},
        data=rows if has_data else None,
        compression=encoding,
    )


def _encoding(request: Request) -> str:
    encoding = request.headers.get("content-encoding", "").replace("identity", "")
    if encoding and encoding not in _DECODERS:
        raise EngineError(f"Code: 48. DB::Exception: no encoding {encoding!r}. (NOT_IMPLEMENTED)")
    return encoding


def _split(body: bytes, encoding: str, rows: Path) -> tuple[str, bool]:
    """The statement of a body, and whether rows follow it: they are then written to `rows`."""
    if encoding and body:
        try:
            body = bytes(_DECODERS[encoding](body))
        except cramjam.DecompressionError as error:
            raise EngineError(f"Code: 354. DB::Exception: the body isn't {encoding}") from error
    insert = _INSERT.match(body)
    data = body[insert.end() :] if insert else b""
    has_data = bool(data.strip())
    try:
        statement = (insert[0] if insert and has_data else body).decode()
    except UnicodeDecodeError:
        text = "Code: 62. DB::Exception: the statement isn't UTF-8 text. (SYNTAX_ERROR)"
        raise EngineError(text) from None
    if has_data:
        rows.write_bytes(data)
    return statement, has_data


async def _spool(request: Request, path: Path) -> int:
    """Write the body to `path`; its length."""
    written = 0
    with path.open("wb") as file:
        async for chunk in _body(request):
            written += file.write(chunk)
    return written


async def _body(request: Request) -> AsyncIterator[bytes]:
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > MAX_BODY_BYTES:
            text = f"Code: 241. DB::Exception: the body is over {MAX_BODY_BYTES} bytes"
            raise EngineError(text)
        yield chunk


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[Path]:
    """A path of its own for rows; what is written there goes again."""
    path = folder / uuid.uuid4().hex
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _success(answer: Answer, query_id: str, elapsed_ns: int) -> Response:
    summary = {
        "read_rows": str(answer.read_rows),
        "written_rows": str(answer.written_rows),
        "result_bytes": str(len(answer.body)),
        "elapsed_ns": str(elapsed_ns),
    }
    headers = {
        "X-ClickHouse-Summary": msgspec.json.encode(summary).decode(),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Format": answer.output,
        "X-ClickHouse-Timezone": "UTC",
        "Content-Length": str(len(answer.body)),
    }
    kind = "application/octet-stream"
    if len(answer.body) <= _CHUNK:
        return Response(bytes(answer.body), headers=headers, media_type=kind)
    return StreamingResponse(_chunks(answer), headers=headers, media_type=kind)


async def _chunks(answer: Answer) -> AsyncIterator[bytes]:
    for start in range(0, len(answer.body), _CHUNK):
        yield bytes(answer.body[start : start + _CHUNK])


def _failure(error: EngineError, query_id: str) -> Response:
    headers = {
        "X-ClickHouse-Exception-Code": str(error.code),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Timezone": "UTC",
    }
    return PlainTextResponse(f"{error}\n", _STATUS.get(error.code, 500), headers)


def scratch_path(home: Path) -> Path:
    """Where bodies of inserts wait: in memory where the system has /dev/shm."""
    memory = Path("/dev/shm")  # noqa: S108 (a folder of our own within it, mode 0700)
    name = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return memory / f"telltale-{os.getuid()}-{name}" if memory.is_dir() else home / "scratch"


def scratch_folder(home: Path) -> Path:
    """`scratch_path`, empty: a killed server's left-overs go."""
    folder = scratch_path(home)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def main() -> None:
    """Serve `--home`/clickhouse on `--port` until SIGTERM; the password comes from the home."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    given = parser.parse_args()
    password = (given.home / "run" / "store-password").read_text()
    engine = StoreEngine(given.home / "clickhouse" / "data")
    scratch = scratch_folder(given.home)
    app = StoreServer(engine, given.user, password, scratch).app()
    uvicorn.run(app, host=LOOPBACK, port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
