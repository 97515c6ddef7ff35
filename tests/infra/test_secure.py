"""TLS and SASL to a real broker, TLS and user to a real store, with certificates of their own."""

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys

import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion
from pydantic import SecretStr

from contracts.codec import make_frame
from contracts.errors import UnavailableError
from contracts.topics import TELEMETRY
from infra import broker as broker_module
from infra.acked_producer import AckedProducer
from infra.broker import EmbeddedBroker
from infra.connections import KafkaConnection
from infra.kafka import RecordProducer, ensure_topics
from infra.kafka_clients import open_admin
from infra.offsets import topic_offsets
from infra.sample_log import SampleLog
from infra.store import ClickHouseStore
from tests.faults.proxy import Proxy
from tests.infra.certificates import authority, server

pytestmark = pytest.mark.stack
USER, PASSWORD = "fleet", "a-password-of-the-tests"
_SECURED = """\
listeners=SASL_SSL://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=SASL_SSL://{host}:{port}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location=@KEYSTORE@
ssl.truststore.type=PEM
ssl.truststore.location=@TRUSTSTORE@
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="@USER@" password="@PASSWORD@" user_@USER@="@PASSWORD@";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""  # noqa: E501 (Kafka reads a line a property)
_REPLACED = ("listeners=", "advertised.listeners=", "listener.security.protocol.map=")


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A connection to a broker that speaks SASL over TLS only."""
    folder = tmp_path_factory.mktemp("secured")
    ca = authority(folder)
    certificate, key = server(folder, ca)
    keystore = folder / "keystore.pem"
    keystore.write_text(key.read_text() + certificate.read_text())
    own = _SECURED.replace("@KEYSTORE@", str(keystore)).replace("@TRUSTSTORE@", str(ca[0]))
    own = own.replace("@USER@", USER).replace("@PASSWORD@", PASSWORD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.broker._PROPERTIES", _with(own))
        broker = EmbeddedBroker(folder / "home")
        broker.start()
    connection = KafkaConnection(
        bootstrap_servers=broker.address,
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_username=USER,
        sasl_password=PASSWORD,
        ssl_cafile=ca[0],
    )
    try:
        ensure_topics(connection)
        with open_admin(connection) as admin:
            for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
                admin.alter_user_scram_credentials(
                    [UserScramCredentialUpsertion(USER, mechanism, PASSWORD, iterations=4096)]
                )
        yield connection
    finally:
        broker.stop()


def _with(own):
    usual = [one for one in broker_module._PROPERTIES.splitlines() if not one.startswith(_REPLACED)]
    return "\n".join(usual) + "\n" + own


def frame(seq):
    return make_frame(
        profile="p",
        vehicle_id="V1",
        seq=seq,
        start_ms=1,
        signals=[1],
        offsets_ms=[0],
        samples=[[1.0]],
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_every_client_comes_in_with_its_password_over_tls(secured, mechanism):
    connection = secured.model_copy(update={"sasl_mechanism": mechanism})
    before = topic_offsets(connection)[TELEMETRY].messages
    with RecordProducer(connection) as producer:
        producer.send([frame(1)])
    acked = AckedProducer(connection)
    try:
        acked.send([frame(2)]).result(30)
    finally:
        acked.close()
    assert topic_offsets(connection)[TELEMETRY].messages == before + 2
    assert asyncio.run(_read(connection)) >= 2


async def _read(connection):
    log = SampleLog(connection, f"secure-{connection.sasl_mechanism}", [TELEMETRY], lambda _: None)
    await log.start()
    try:
        count = 0
        for _ in range(50):
            found = await log.poll(0.5, 100)
            count += sum(len(messages) for messages in found.values())
            if count >= 2:
                break
        return count
    finally:
        await log.stop()


def status(connection, home, password, ca):
    """What `telltale status` prints, as a person with these settings sees it."""
    given = {
        "TELLTALE_HOME": str(home),
        "TELLTALE_KAFKA__BOOTSTRAP_SERVERS": connection.bootstrap_servers,
        "TELLTALE_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "TELLTALE_KAFKA__SASL_MECHANISM": "PLAIN",
        "TELLTALE_KAFKA__SASL_USERNAME": USER,
        "TELLTALE_KAFKA__SASL_PASSWORD": password,
        "TELLTALE_KAFKA__SSL_CAFILE": str(ca),
    }
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "status", "--json"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_right_password_is_never_printed(secured, tmp_path):
    told = status(secured, tmp_path, PASSWORD, secured.ssl_cafile)
    assert '"topic": "telemetry"' in told
    assert PASSWORD not in told


def test_a_wrong_password_is_one_sentence_without_it(secured, tmp_path):
    told = status(secured, tmp_path, "not-the-password", secured.ssl_cafile)
    assert f"Kafka at {secured.bootstrap_servers}" in told
    assert '"topic": "telemetry"' not in told
    assert "not-the-password" not in told
    assert "Traceback" not in told


def test_a_broker_of_another_authority_is_not_trusted(secured, tmp_path):
    told = status(secured, tmp_path, PASSWORD, authority(tmp_path, "foreign")[0])
    assert f"Kafka at {secured.bootstrap_servers}" in told
    assert '"topic": "telemetry"' not in told
    assert PASSWORD not in told


@pytest.fixture(scope="module")
def tls_store(stack, tmp_path_factory):
    """A connection to the store over TLS."""
    folder = tmp_path_factory.mktemp("tls-store")
    ca = authority(folder)
    certificate, key = server(folder, ca)
    plain = stack.fresh().store()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with contextlib.closing(Proxy(int(plain.url.rpartition(":")[2]), tls=context)) as proxy:
        yield plain.model_copy(update={"url": f"https://127.0.0.1:{proxy.port}", "ca_file": ca[0]})


def test_the_store_is_reached_over_tls_with_its_user(tls_store):
    store = ClickHouseStore(tls_store)
    assert store.migrate() == []
    assert store.clickhouse.rows("SELECT 1 AS one") == [(1,)]


def test_a_wrong_password_of_the_store_is_one_sentence_without_it(tls_store):
    wrong = tls_store.model_copy(update={"password": SecretStr("not-the-password")})
    with pytest.raises(UnavailableError, match="TELLTALE_CLICKHOUSE__PASSWORD") as caught:
        ClickHouseStore(wrong, 0.5).clickhouse.rows("SELECT 1")
    assert "not-the-password" not in str(caught.value)


def test_a_store_of_another_authority_is_not_trusted(tls_store, tmp_path):
    foreign = tls_store.model_copy(update={"ca_file": authority(tmp_path, "foreign")[0]})
    with pytest.raises(UnavailableError):
        ClickHouseStore(foreign, 0.5).clickhouse.rows("SELECT 1")
