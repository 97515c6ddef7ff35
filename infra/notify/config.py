"""The file that says who is told of what: [[targets]] and [[routes]] in TOML."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from alerts.routing import Route, complaints
from contracts.errors import SettingsError


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where messages go: `webhook` (https, signed with the secret that the environment variable
    `secret_env` holds) or `url` (one of Apprise's, like mailto://... or slack://...; `${NAME}` in
    it stands for an environment variable). `title` and `body` are templates (Jinja).
    """

    name: str
    webhook: str = ""
    secret_env: str = ""
    url: str = ""
    title: str = ""
    body: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All targets and routes. `lab` names targets that are told when a model's use drifts away
    from its training; alerts take routes, and never this way.
    """

    targets: list[Target] = []
    routes: list[Route] = []
    lab: list[str] = []

    def target(self, name: str) -> Target | None:
        """The target of this name."""
        return next((one for one in self.targets if one.name == name), None)


def load_config(path: Path) -> Config:
    """The file's content. Raises SettingsError naming file, key and what is allowed."""
    try:
        config = msgspec.toml.decode(path.read_bytes(), type=Config)
    except OSError as error:
        raise SettingsError(f"{path}: can't be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    for complaint in _complaints(config):
        raise SettingsError(f"{path}: {complaint}")
    return config


def secret_of(target: Target) -> str:
    """The webhook's secret. Raises SettingsError."""
    found = os.environ.get(target.secret_env, "")
    if not found:
        raise SettingsError(
            f"target {target.name}: the environment variable {target.secret_env or '(none)'} "
            "holds no secret; set it to whsec_... (32 random bytes in base64)"
        )
    return found


def _complaints(config: Config) -> list[str]:
    found: list[str] = []
    names = [one.name for one in config.targets]
    found += [f"targets: {name} stands more than once" for name in names if names.count(name) > 1]
    known = ", ".join(names) or "none"
    found += [
        f"lab: {name!r} is not among [[targets]] ({known})"
        for name in config.lab
        if name not in names
    ]
    for place, target in enumerate(config.targets):
        found += [f"targets[{place}].{text}" for text in _target_complaints(target)]
    for place, route in enumerate(config.routes):
        found += [f"routes[{place}].{text}" for text in complaints(route, names)]
    return found


def _target_complaints(target: Target) -> list[str]:
    found = []
    if bool(target.webhook) == bool(target.url):
        found.append("webhook: give either webhook or url")
    if target.webhook:
        parts = urlsplit(target.webhook)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username:
            found.append("webhook: an address like https://example.org/hook, without a user")
        if not target.secret_env:
            found.append("secret_env: name the environment variable that holds the secret")
    for name in ("title", "body"):
        try:
            SandboxedEnvironment().from_string(getattr(target, name))
        except TemplateError as error:
            found.append(f"{name}: not a template ({error})")
    return found
