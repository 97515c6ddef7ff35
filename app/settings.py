"""Every setting of Telltale: environment variables that start with TELLTALE_.

A nested setting joins its names by two underscores: TELLTALE_KAFKA__BOOTSTRAP_SERVERS.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from app.secrets import with_secret_files
from contracts.errors import SettingsError
from infra.addresses import embedded_clickhouse, embedded_kafka
from infra.connections import ClickHouseConnection, KafkaConnection
from infra.ports import is_loopback
from infra.vins import home_secret

PREFIX = "TELLTALE_"


class ApiSettings(BaseModel):
    """Where the API and the dashboard listen, and who may come in.

    `auth` "auto": on loopback everything is open until the first key or login is made; elsewhere a
    credential is required. `public_url` is where people reach us through a proxy. A caller may ask
    `requests_per_s` times a second, and four times as often at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65_535)
    auth: Literal["auto", "open", "required"] = "auto"
    public_url: str = Field(default="", pattern=r"^(https?://[^/\s?#]+/?)?$")
    ssl_certfile: FilePath | None = None
    ssl_keyfile: FilePath | None = None
    session_hours: float = Field(default=12, gt=0, le=720, allow_inf_nan=False)
    requests_per_s: float = Field(default=50, gt=0, le=100_000, allow_inf_nan=False)
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1_024, le=1 << 30)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.ssl_certfile) != bool(self.ssl_keyfile):
            msg = "ssl_certfile and ssl_keyfile go together"
            raise ValueError(msg)
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over HTTPS."""
        return self.public_url.startswith("https://") or self.ssl_certfile is not None


class IngestSettings(BaseModel):
    """What `POST /v1/telemetry` takes: from one key `records_per_s` (four times as many at once),
    and nothing while the workers are more than `max_lag` messages behind.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    records_per_s: float = Field(default=5_000, gt=0, le=1e6, allow_inf_nan=False)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1_024, le=64 * 1024 * 1024)
    max_decoded_bytes: int = Field(default=8 * 1024 * 1024, ge=1_024, le=256 * 1024 * 1024)
    max_lag: int = Field(default=200_000, ge=1)


class OidcSettings(BaseModel):
    """The identity provider at which people may sign in; empty `issuer`: none.

    `login_claim` of the ID token is the login that an administrator has added.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scopes: str = "openid email"
    login_claim: str = Field(default="email", min_length=1)


class WorkerSettings(BaseModel):
    """How the workers take messages and keep snapshots.

    `snapshots` is a folder or an fsspec URL (s3://...); empty means `home`/snapshots. A worker
    without progress for `stalled_after_s` ends itself. `metrics_port` 0 takes a free one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=1, ge=1, le=64)
    batch_messages: int = Field(default=4_096, ge=1, le=100_000)
    batch_wait_s: float = Field(default=0.05, ge=0, le=10, allow_inf_nan=False)
    snapshot_interval_s: float = Field(default=5.0, gt=0, le=3_600, allow_inf_nan=False)
    snapshots: str = ""
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    stalled_after_s: float = Field(default=120.0, ge=10, le=86_400, allow_inf_nan=False)


class AlertSettings(BaseModel):
    """How the alerter works. `per_week_per_100`: alerts a week per 100 vehicles that ask somebody
    to act, in the long run; the rest is only watched (0: no limit).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_week_per_100: float = Field(default=5.0, ge=0, le=10_000, allow_inf_nan=False)
    metrics_port: int = Field(default=0, ge=0, le=65_535)


class WorkshopSettings(BaseModel):
    """When work orders can be done: free minutes a day at each depot, ISO weekdays (1 = Monday),
    the hour at which a visit begins, and the zone that all of it is in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes_per_day: int = Field(default=960, ge=1, le=100_000)
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    opens_hour: int = Field(default=8, ge=0, le=23)
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("a zone of the IANA database, like Europe/Paris")
        return name


class NotifySettings(BaseModel):
    """Who is told of alerts: `file` holds targets and routes (docs/alerts.md), empty means nobody.

    `allow_internal` lets messages go to addresses of internal networks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path | None = None
    allow_internal: bool = False


class DriftSettings(BaseModel):
    """How often `telltale up` looks whether a champion's use has drifted away from its training,
    in hours; 0 for never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_hours: float = Field(default=24, ge=0, le=8_760, allow_inf_nan=False)


class Settings(BaseSettings):
    """All settings. `home` holds data, logs and what running processes publish; `profiles` is a
    folder of profiles beside the built-in ones.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    home: Path = Path(".telltale")
    tenant: str = Field(default="default", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    profiles: DirectoryPath | None = None
    kafka: KafkaConnection = KafkaConnection()
    clickhouse: ClickHouseConnection = ClickHouseConnection()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    alerts: AlertSettings = AlertSettings()
    workshop: WorkshopSettings = WorkshopSettings()
    notify: NotifySettings = NotifySettings()
    drift: DriftSettings = DriftSettings()
    ingest: IngestSettings = IngestSettings()
    oidc: OidcSettings = OidcSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (as pydantic calls it)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, in which a secret may be given by its file."""
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = with_secret_files(env_settings.env_vars, settings_cls, PREFIX)
        return init_settings, env_settings

    @property
    def snapshots_url(self) -> str:
        """Where snapshots are kept."""
        return self.worker.snapshots or str(self.home.resolve() / "snapshots")

    @property
    def models_dir(self) -> Path:
        """Root of the registry of models."""
        return self.home / "models"

    def broker(self) -> KafkaConnection:
        """The brokers to use. Raises UnavailableError when the embedded one isn't running."""
        return embedded_kafka(self.home, self.kafka) if self.kafka.embedded else self.kafka

    def store(self) -> ClickHouseConnection:
        """The store to use. Raises UnavailableError when the embedded one isn't running."""
        found = self.clickhouse
        if found.embedded:
            found = embedded_clickhouse(self.home, found)
        if not found.vin_key.get_secret_value():
            secret = SecretStr(home_secret(self.home))
            found = found.model_copy(update={"vin_key": secret})
        return found


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 (passed on to pydantic)
    """Settings from the environment; `given` wins. Raises SettingsError."""
    _refuse_unknown(os.environ)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_complaint(item) for item in error.errors())) from None
    except SourceError as error:
        msg = f"a setting can't be read ({error}); write TELLTALE_KAFKA__PORT=9092, one by one"
        raise SettingsError(msg) from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """A misspelt variable would be silently without effect."""
    for name in environment:
        first = name.upper().removeprefix(PREFIX).partition("__")[0].lower()
        if name.upper().startswith(PREFIX) and first not in {*Settings.model_fields, "test_data"}:
            known = ", ".join(PREFIX + field.upper() for field in Settings.model_fields)
            msg = f"{name} is no setting; there are {known} (docs/operations.md lists all)"
            raise SettingsError(msg)


def _complaint(error: Any) -> str:  # noqa: ANN401 (pydantic's ErrorDetails)
    name = PREFIX + "__".join(str(part) for part in error["loc"]).upper()
    value = error["input"]
    secret = isinstance(value, dict) or any(
        part in name for part in ("PASSWORD", "SECRET", "VIN_KEY")
    )
    got = "" if secret else f", not {value!r}"
    if error["type"] == "extra_forbidden":
        return f"{name} is no setting; see docs/operations.md for the list"
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{name} should be {reason}{got}" if reason != error["msg"] else f"{name}: {reason}{got}"
