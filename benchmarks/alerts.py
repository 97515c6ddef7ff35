"""What the alert pipeline costs: python -m benchmarks.alerts [--json]

100,000 vehicles of one partition each scored eight times, nine failure modes a score, decoded from
the log as the alerter gets it. One in a hundred vehicles gets into an alert and out of it again.
"""

import argparse
import json
import time

from alerts.pipeline import Pipeline
from alerts.policies import Policies
from alerts.state import State
from benchmarks.machine import machine, spent
from contracts.alert_log import decode_alert_log
from contracts.risk import ModeRisk, RiskUpdate, encode_risk
from features.profile import builtin_profile

PROFILE = builtin_profile("truck-diesel")
VEHICLES = 100_000
TURNS = 8
LINE = 0.2
START_MS = 1_700_000_000_000
_CHUNK = 256


def messages(turn: int) -> list[bytes]:
    """One score of every vehicle, as the worker publishes it."""
    time_ms = START_MS + turn * PROFILE.score_interval_ms
    calm = [ModeRisk(mode.name, 0.004, 0.01, 0.03) for mode in PROFILE.modes]
    hot = [ModeRisk(calm[0].mode, 0.15, 0.3, 0.5), *calm[1:]]
    updates = [
        RiskUpdate(
            "default",
            PROFILE.name,
            f"V{number:06d}",
            time_ms,
            "m1",
            hot if number % 100 == 0 and 1 <= turn <= 3 else calm,
        )
        for number in range(VEHICLES)
    ]
    return [encode_risk(updates[at : at + _CHUNK]) for at in range(0, VEHICLES, _CHUNK)]


def measure() -> dict[str, float]:
    """Rows a second on one core with and without decoding, and the state's size."""
    lines = {mode.name: LINE for mode in PROFILE.modes}
    pipeline = Pipeline(Policies(lambda _profile, _model: lines, {PROFILE.name: PROFILE}))
    state, decoding, applying, opened = State(), 0.0, 0.0, 0
    for turn in range(TURNS):
        payloads = messages(turn)
        began = time.thread_time()
        decoded = [(decode_alert_log(payload), START_MS) for payload in payloads]
        middle = time.thread_time()
        _, changes = pipeline.step(state, decoded, {})
        applying += time.thread_time() - middle
        decoding += middle - began
        opened += sum(one.step == "opened" for one in changes.transitions)
    rows = VEHICLES * TURNS
    began = time.thread_time()
    size = len(state.to_bytes())
    return {
        "rows": rows,
        "modes_a_row": len(PROFILE.modes),
        "alerts_opened": opened,
        "rows_per_s_pure": rows / applying,
        "rows_per_s_with_decoding": rows / (applying + decoding),
        "snapshot_mb": size / 1e6,
        "snapshot_s": time.thread_time() - began,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    figures = measure()
    if parser.parse_args().json:
        print(json.dumps(figures | machine() | spent(), indent=2))
        return
    for name, value in figures.items():
        print(f"{name:28}{value:>16,.2f}")


if __name__ == "__main__":
    main()
