"""Secrets come from the environment or from files, and never get into what is printed."""

import logging

import pytest
import structlog

from app.logs import HIDDEN, configure_logs
from app.secrets import secret_names
from app.settings import PREFIX, Settings, load_settings
from contracts.errors import SettingsError


@pytest.fixture(autouse=True)
def usual_logs():
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("name", sorted(secret_names(Settings, PREFIX)))
def test_every_secret_may_come_from_a_file(monkeypatch, tmp_path, name):
    file = tmp_path / "secret"
    file.write_text("a-secret-that-is-long-enough-for-all\n")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    found = load_settings()
    for part in name.removeprefix(PREFIX).lower().split("__"):
        found = getattr(found, part)
    assert found.get_secret_value() == "a-secret-that-is-long-enough-for-all"


def test_the_secrets_that_we_know_of_are_among_them():
    assert {
        "TELLTALE_KAFKA__SASL_PASSWORD",
        "TELLTALE_CLICKHOUSE__PASSWORD",
        "TELLTALE_CLICKHOUSE__VIN_KEY",
        "TELLTALE_OIDC__CLIENT_SECRET",
    } <= set(secret_names(Settings, PREFIX))


def test_a_setting_that_ends_like_that_stays_itself(monkeypatch, tmp_path):
    file = tmp_path / "ca.pem"
    file.touch()
    monkeypatch.setenv("TELLTALE_CLICKHOUSE__CA_FILE", str(file))
    assert load_settings().clickhouse.ca_file == file


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "can't be read"), (b"", "is empty"), (b"\xff", "not UTF-8 text")],
)
def test_a_file_that_holds_no_secret_is_one_sentence(monkeypatch, tmp_path, content, sentence):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("TELLTALE_KAFKA__SASL_PASSWORD_FILE", str(file))
    with pytest.raises(SettingsError, match=sentence) as caught:
        load_settings()
    assert "TELLTALE_KAFKA__SASL_PASSWORD_FILE" in str(caught.value)


def test_a_secret_given_twice_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("TELLTALE_KAFKA__SASL_PASSWORD", "one")
    monkeypatch.setenv("TELLTALE_KAFKA__SASL_PASSWORD_FILE", str(tmp_path / "two"))
    with pytest.raises(SettingsError, match="both set"):
        load_settings()


def test_no_secret_gets_into_a_log_line(capsys):
    configure_logs(logging.INFO)
    log = structlog.get_logger("tests")
    key = "ttk_0123456789ab_s3cr3t-part_x"
    came = f"came with {key}"
    log.info(came, password="hunter22", Authorization=f"Bearer {key}", n=5)
    log.info("came", sasl_plain_password="hunter22", webhook_secret="hunter22", vin_key="hunter22")
    log.info("away", reason="can't reach http://fleet:hunter22@store:8123/ now")
    log.error("failed", exc_info=ValueError(f"no such key {key}"))
    log.error("failed", reason=ValueError(key), reasons={"key": [key]})
    log.error("failed", reason="no secret of Standard Webhooks: whsec_s3cr3t-part")
    told = capsys.readouterr().err
    assert "hunter22" not in told
    assert "s3cr3t" not in told
    assert told.count(HIDDEN) >= 5
    assert "store:8123" in told
    assert "n=5" in told
