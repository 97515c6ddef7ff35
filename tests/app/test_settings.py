from pathlib import Path

import pytest

from app.settings import Settings, load_settings
from contracts.errors import SettingsError


def test_defaults_mean_embedded_on_loopback():
    settings = load_settings()
    assert settings.kafka.embedded
    assert settings.clickhouse.embedded
    assert settings.api.host == "127.0.0.1"
    assert str(settings.home) == ".telltale"


def test_a_users_own_cluster_is_one_setting_each(monkeypatch):
    monkeypatch.setenv("TELLTALE_KAFKA__BOOTSTRAP_SERVERS", "a:9092,b:9092")
    monkeypatch.setenv("TELLTALE_CLICKHOUSE__URL", "https://c:8443")
    settings = load_settings()
    assert settings.broker().servers == ["a:9092", "b:9092"]
    assert settings.store().url == "https://c:8443"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("KAFKA__SECURITY_PROTOCOL", "TLS", "'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'"),
        ("KAFKA__SECURITY_PROTOCOL", "SASL_SSL", "needs sasl_mechanism, sasl_username"),
        ("KAFKA__SASL_MECHANISM", "GSSAPI", "'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'"),
        ("KAFKA__SSL_CAFILE", "/no/such/file", "TELLTALE_KAFKA__SSL_CAFILE"),
        ("KAFKA__TOPIC_PREFIX", "a b", "TELLTALE_KAFKA__TOPIC_PREFIX"),
        ("KAFKA__PORT", "70000", "less than or equal to 65535, not '70000'"),
        ("KAFKA__PORTS", "1", "TELLTALE_KAFKA__PORTS is no setting"),
        ("KAFKA", "[1", "write TELLTALE_KAFKA__PORT=9092, one by one"),
        ("CLICKHOUSE__URL", "localhost:8123", "TELLTALE_CLICKHOUSE__URL"),
        ("CLICKHOUSE__URL", "https://me:word@c:8443", "url holds no user and password"),
        ("CLICKHOUSE__DATABASE", "a; DROP", "TELLTALE_CLICKHOUSE__DATABASE"),
        ("CLICKHOUSE__DATABASE", "default", "name a database of its own"),
        ("WORKER__SNAPSHOT_INTERVAL_S", "nan", "TELLTALE_WORKER__SNAPSHOT_INTERVAL_S"),
        ("WORKER__COUNT", "0", "greater than or equal to 1"),
        ("TENANT", "a/b", "TELLTALE_TENANT"),
        ("KAKFA__PORT", "1", "TELLTALE_KAKFA__PORT is no setting; there are TELLTALE_HOME"),
    ],
)
def test_a_mistake_names_the_variable_and_what_is_allowed(monkeypatch, name, value, sentence):
    monkeypatch.setenv(f"TELLTALE_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("TELLTALE_KAFKA__SASL_PASSWORD", "secret-word")
    monkeypatch.setenv("TELLTALE_CLICKHOUSE__PASSWORD", "secret-word")
    assert "secret-word" not in repr(load_settings())
    monkeypatch.setenv("TELLTALE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "secret-word" not in str(caught.value)


def test_a_password_within_an_address_is_refused_and_not_shown(monkeypatch):
    # Addresses stand in errors and problem documents.
    monkeypatch.setenv("TELLTALE_CLICKHOUSE__URL", "https://me:secret-word@c:8443")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "secret-word" not in str(caught.value)


def test_the_operations_page_lists_every_setting():
    page = Path(__file__).parents[2].joinpath("docs", "operations.md").read_text()
    names = []
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        names += [f"{name}__{part}" for part in inner] if inner else [name]
    assert [name for name in names if f"`TELLTALE_{name.upper()}`" not in page] == []
