"""The same training on a real cluster of two processes."""

from dataclasses import replace

import numpy as np
import pytest
from distributed import Client, LocalCluster

from contracts.errors import UnavailableError
from features.expectation import Expectation
from models.dask_fit import DaskGrower, connect
from models.table import tabulate
from models.training import train_on
from tests.models.fleet import PROFILE, QUICK, SCOPE, history

NEUTRAL = Expectation.neutral(PROFILE)


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.filterwarnings("default")
def test_two_processes_reach_the_figures_of_one(client):
    table = tabulate(history(40), PROFILE, NEUTRAL, SCOPE)
    options = replace(QUICK, folds=3, trees=replace(QUICK.trees, rounds=15, jobs=1))
    alone, here = train_on(table, NEUTRAL, options)
    spread, there = train_on(
        table, NEUTRAL, options, growers=lambda table, learn: DaskGrower(client, table, learn)
    )
    for one, other in zip(here.modes, there.modes, strict=True):
        assert other.auc == pytest.approx(one.auc, abs=0.03)
        assert other.loss == pytest.approx(one.loss, rel=0.03)
        assert other.expected_over_observed == pytest.approx(one.expected_over_observed, abs=0.1)
    values = table.values(np.arange(0, len(table), 7))
    risks = [bundle.risk(values, (30,))[:, :, 0] for bundle in (alone, spread)]
    assert np.corrcoef(risks[0].ravel(), risks[1].ravel())[0, 1] > 0.9


def test_no_scheduler_is_a_clear_error():
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9"):
        connect("tcp://127.0.0.1:9", patience_s=0.5)
