"""How to reach Kafka and ClickHouse. Empty addresses mean the embedded ones."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, model_validator

from contracts.topics import PARTITIONS

MIN_KEY = 32
"""Characters of a secret that others are derived from."""
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaConnection(BaseModel):
    """Addresses and credentials of the brokers, and how topics and groups are named there.

    `topic_prefix` stands before every topic and consumer group, so that several installations
    can share brokers. Topics keyed by vehicle are made with `partitions` each. `port` is
    the embedded broker's; 0 picks a free one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str = ""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ssl_cafile: FilePath | None = None
    ssl_certfile: FilePath | None = None
    ssl_keyfile: FilePath | None = None
    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    partitions: int = Field(default=PARTITIONS, ge=1, le=10_000)
    replication_factor: int = Field(default=-1, ge=-1, le=10)
    port: int = Field(default=0, ge=0, le=65_535)

    @property
    def embedded(self) -> bool:
        """Whether the broker is the one that `telltale up` starts."""
        return not self.bootstrap_servers

    @property
    def servers(self) -> list[str]:
        """The addresses, one by one."""
        return [server.strip() for server in self.bootstrap_servers.split(",") if server.strip()]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_mechanism and self.sasl_username and self.sasl_password.get_secret_value()
        ):
            msg = f"{self.security_protocol} needs sasl_mechanism, sasl_username and sasl_password"
            raise ValueError(msg)
        if bool(self.ssl_certfile) != bool(self.ssl_keyfile):
            msg = "ssl_certfile and ssl_keyfile go together"
            raise ValueError(msg)
        return self

    def topic(self, name: str) -> str:
        """The topic's name on these brokers."""
        return self.topic_prefix + name

    def group(self, name: str) -> str:
        """The consumer group's name on these brokers."""
        return self.topic_prefix + name


class ClickHouseConnection(BaseModel):
    """Address and credentials of ClickHouse's HTTP interface.

    `port` is the embedded store's; 0 picks a free one. `vin_key` is the secret that VINs are sealed
    with (infra/vins.py); all machines that share a store need the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(default="", pattern=r"^(https?://[^/\s]+.*)?$")
    user: str = "telltale"
    password: SecretStr = SecretStr("")
    database: str = Field(default="telltale", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    ca_file: FilePath | None = None
    vin_key: SecretStr = SecretStr("")
    port: int = Field(default=0, ge=0, le=65_535)

    @model_validator(mode="after")
    def _strong_key(self) -> Self:
        if 0 < len(self.vin_key.get_secret_value()) < MIN_KEY:
            msg = f"vin_key has at least {MIN_KEY} characters"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _plain_address(self) -> Self:
        if "@" in urlsplit(self.url).netloc:
            raise ValueError("url holds no user and password; `user` and `password` do")
        return self

    @model_validator(mode="after")
    def _own_database(self) -> Self:
        if self.embedded and self.database.lower() in {"default", "system", "information_schema"}:
            msg = (
                f"the embedded store keeps {self.database!r} for itself; name a database of its own"
            )
            raise ValueError(msg)
        return self

    @property
    def embedded(self) -> bool:
        """Whether the store is the one that `telltale up` starts."""
        return not self.url
