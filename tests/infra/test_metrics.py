"""A step's elapsed and processor time are counted apart."""

from infra.metrics import WorkerMetrics, moment


def test_a_step_that_waits_takes_time_and_a_step_that_works_takes_the_processor_too():
    metrics = WorkerMetrics()
    since = moment()
    earlier = since._replace(wall_s=since.wall_s - 2.0, cpu_s=since.cpu_s - 0.5)
    now = metrics.spent("settle", earlier)
    assert now >= since
    labels = {"step": "settle"}
    value = metrics.registry.get_sample_value
    assert value("telltale_worker_step_seconds_sum", labels) == now.wall_s - earlier.wall_s
    assert value("telltale_worker_step_cpu_seconds_total", labels) == now.cpu_s - earlier.cpu_s
