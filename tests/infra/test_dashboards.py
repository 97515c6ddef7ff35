"""The Grafana dashboard and Prometheus' rules name only what the processes tell."""

import json
import re
from importlib.resources import files

import pytest
import yaml
from prometheus_client import generate_latest

from app.api.metrics import Metrics
from infra.metrics import WorkerMetrics

DASHBOARD = json.loads(files("infra").joinpath("grafana/telltale.json").read_text("utf-8"))
RULES = yaml.safe_load(files("infra").joinpath("prometheus/alerts.yml").read_text("utf-8"))
NAME = re.compile(r"\btelltale_\w+")
BY = re.compile(r"\bby \(([\w, ]+)\)")
SHOWN = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


def told():
    """Names of all series, and names of all labels, of the three processes."""
    api = Metrics()
    api.watch_listeners(lambda: 0)
    registries = [api.registry, WorkerMetrics().registry, WorkerMetrics("alerter").registry]
    names = set()
    for line in b"".join(generate_latest(one) for one in registries).decode().splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split()
            endings = {"histogram": ("_bucket", "_sum", "_count")}.get(kind, ("",))
            names |= {f"{name}{ending}" for ending in endings}
    labels = {"table", "reason", "what", "partition", "step", "method", "route", "status", "le"}
    return names, labels | {"job", "instance"}


EXPRESSIONS = [
    pytest.param(target["expr"], target["legendFormat"], id=panel["title"])
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
] + [
    pytest.param(rule["expr"], " ".join(rule["annotations"].values()), id=rule["alert"])
    for group in RULES["groups"]
    for rule in group["rules"]
]


@pytest.mark.parametrize(("expression", "words"), EXPRESSIONS)
def test_every_name_is_one_that_a_process_tells(expression, words):
    names, labels = told()
    asked = set(NAME.findall(expression))
    assert asked <= names
    assert asked or "up{" in expression
    grouped = {one.strip() for found in BY.findall(expression) for one in found.split(",")}
    assert grouped | set(SHOWN.findall(words)) <= labels
    assert expression.count("(") == expression.count(")")


def test_every_rule_says_what_and_what_to_do():
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "action"}


def test_panels_do_not_cover_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
