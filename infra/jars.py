"""The embedded broker's jars: fetched by jgo, pinned by SHA-256 in `kafka.lock.toml`.

jgo keeps them in its usual cache (the local Maven repository), so that several homes and
checkouts share one download. With all of them there, nothing outside is asked.
"""

import hashlib
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from jgo import resolve
from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from contracts.errors import UnavailableError

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
"""What carries Kafka's log to log4j; its release follows Kafka's own log4j-core."""

_LOCK = "kafka.lock.toml"


class Jar(msgspec.Struct, frozen=True):
    """A pinned jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """Coordinates, as people write them."""
        return f"{self.group}:{self.artifact}:{self.version}"


def locked_jars() -> list[Jar]:
    """The jars of the lock file."""
    text = files("infra").joinpath(_LOCK).read_text()
    return msgspec.convert(tomllib.loads(text)["jar"], list[Jar])


def fetch_jars(progress: Callable[[int, int], None] | None = None) -> list[Path]:
    """Paths of all jars, downloading those that are missing; `progress(done, of)` after each.

    Raises UnavailableError when one can't be had or isn't the pinned one.
    """
    jars = locked_jars()
    context = MavenContext(repo_cache=GlobalSettings.load().repo_cache)
    with ThreadPoolExecutor(8) as pool:
        paths = []
        for path in pool.map(lambda jar: _fetch(context, jar), jars):
            paths.append(path)
            if progress:
                progress(len(paths), len(jars))
    return paths


def _fetch(context: Any, jar: Jar) -> Path:  # noqa: ANN401 (jgo has no stubs here)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        path = Path(artifact.resolve())
    except Exception as error:
        msg = f"{jar.name} can't be downloaded ({error}); check the network, then `telltale fetch`"
        raise UnavailableError(msg) from error
    if _sha256(path) == jar.sha256:
        return path
    path.unlink()
    msg = f"{jar.name} isn't the pinned file (SHA-256 differs) and was removed; `telltale fetch`"
    raise UnavailableError(msg)


def lock() -> str:
    """A new lock file's text: every jar of the broker with its SHA-256, after a fresh resolve."""
    # Resolved apart: together, the bridge's own dependencies would replace some of Kafka's.
    found: Sequence[Any] = [*resolve(KAFKA), resolve(LOGGING)[0]]
    jars = sorted(found, key=lambda jar: (jar.groupId, jar.artifactId))
    parts = [f"# The jars of {KAFKA}; made by `telltale fetch --lock`.\n"]
    parts += [
        f'\n[[jar]]\ngroup = "{jar.groupId}"\nartifact = "{jar.artifactId}"\n'
        f'version = "{jar.version}"\nsha256 = "{_sha256(jar.resolve())}"\n'
        for jar in jars
    ]
    return "".join(parts)


def _sha256(path: Path) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
