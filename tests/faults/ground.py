"""The ground that faults are played on: a real broker, a real store, proxies before both."""

import contextlib
import itertools
import os
import re
import signal
import threading

from app.settings import load_settings
from infra.broker import EmbeddedBroker
from infra.kafka import ensure_topics
from infra.ports import choose_port
from infra.processes import Backbone
from infra.store import ClickHouseStore
from tests.faults.proxy import Proxy


class ProxiedBroker(EmbeddedBroker):
    """A broker with a second listener, which tells its clients the proxy's address."""

    def __init__(self, home, port=0):
        super().__init__(home, port)
        self.behind = choose_port(0, 0, "", "")
        self.proxy = Proxy(self.behind)

    def _configure(self):
        path = super()._configure()
        text = path.read_text()
        for key, address in (
            ("listeners", f"PROXIED://127.0.0.1:{self.behind}"),
            ("advertised.listeners", f"PROXIED://127.0.0.1:{self.proxy.port}"),
            ("listener.security.protocol.map", "PROXIED:PLAINTEXT"),
        ):
            text = re.sub(rf"(?m)^{re.escape(key)}=.*$", rf"\g<0>,{address}", text)
        if "inter.broker.listener.name" not in text:
            text += "inter.broker.listener.name=PLAINTEXT\n"
        path.write_text(text)
        return path


class Ground:
    """Broker and store in a home of their own; a context manager. `fresh()` gives settings with
    topics, groups and a database of their own.
    """

    def __init__(self, home):
        self.home = home
        self.base = load_settings(home=home)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.backbone = Backbone(home, self.base.kafka, self.base.clickhouse)
        self.backbone.broker = ProxiedBroker(home)
        self.kafka_proxy = self.backbone.broker.proxy

    def __enter__(self):
        self.backbone.start()
        self.store_proxy = Proxy(self.backbone.store.port)
        return self

    def __exit__(self, *_):
        for proxy in (self.store_proxy, self.kafka_proxy):
            proxy.close()
        for part in (self.backbone.store, self.backbone.broker):
            if part.child and part.child.exit_code is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(part.child.pid, signal.SIGCONT)
        self.backbone.stop()

    def fresh(self):
        with self._lock:
            number = next(self._numbers)
        home = self.home / f"lane{number}"
        home.mkdir()
        found = {
            "home": home,
            "kafka": self.backbone.kafka.model_copy(update={"topic_prefix": f"f{number}-"}),
            "clickhouse": self.backbone.clickhouse.model_copy(update={"database": f"f{number}"}),
        }
        settings = self.base.model_copy(update=found)
        ensure_topics(settings.broker())
        ClickHouseStore(settings.store()).migrate()
        return settings

    def proxied(self, settings):
        """The same installation, reached through the proxies."""
        kafka = settings.kafka.model_copy(
            update={"bootstrap_servers": f"127.0.0.1:{self.kafka_proxy.port}"}
        )
        store = settings.clickhouse.model_copy(
            update={"url": f"http://127.0.0.1:{self.store_proxy.port}"}
        )
        return settings.model_copy(update={"kafka": kafka, "clickhouse": store})

    def kill_store(self):
        self.backbone.store.child.kill()

    def start_store(self):
        self.backbone.store.start()

    def kill_broker(self):
        self.backbone.broker.child.kill()

    def start_broker(self):
        self.backbone.broker.start()
