"""Secrets from files: TELLTALE_..._FILE names a file that holds what TELLTALE_... would."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr

from contracts.errors import SettingsError

MAX_BYTES = 65_536
_SUFFIX = "_FILE"


def with_secret_files(
    environment: Mapping[str, str | None], settings: type[BaseModel], prefix: str
) -> dict[str, str | None]:
    """The environment (names in whatever case) with each secret's file read. Raises SettingsError
    for a file that can't be read, or where a secret is given both ways.
    """
    found = dict(environment)
    names = {name.upper(): name for name in environment}
    for secret in secret_names(settings, prefix):
        given = names.get(secret + _SUFFIX)
        if given is None:
            continue
        if secret in names:
            raise SettingsError(f"{secret} and {secret}{_SUFFIX} are both set; keep one")
        path = Path(found.pop(given) or "")
        found[_like(given, secret)] = _read(path, secret + _SUFFIX)
    return found


def secret_names(settings: type[BaseModel], prefix: str) -> Iterator[str]:
    """Names of the variables that hold secrets."""
    for name, field in settings.model_fields.items():
        if field.annotation is SecretStr:
            yield f"{prefix}{name}".upper()
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from secret_names(field.annotation, f"{prefix}{name}__")


def _like(given: str, name: str) -> str:
    """In the case that the source of the settings looks names up in."""
    return name.lower() if given.islower() else name


def _read(path: Path, variable: str) -> str:
    try:
        content = path.read_bytes()[:MAX_BYTES].decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(f"{variable}: {path} can't be read ({reason})") from None
    if not content:
        raise SettingsError(f"{variable}: {path} is empty")
    return content
