"""Engines that wear out and show it faintly in many sensors, as C-MAPSS text files."""

import numpy as np

from features.profile import builtin_profile

SENSORS = builtin_profile("turbofan").signals[3:]
REGIMES = np.array([[0.0, 0.0, 100.0], [20.0, 0.7, 100.0], [42.0, 0.84, 100.0]])


def write_subset(folder, subset, engines=30, seed=1, regimes=3):
    """`train_`, `test_` and `RUL_` of a subset with lives of 130 to 230 cycles."""
    random = np.random.default_rng(seed)
    scale = np.array([signal.scale for signal in SENSORS])
    level = [signal.centre for signal in SENSORS] + scale * random.uniform(-1, 1, (regimes, 21))
    share = random.standard_normal(21) * (random.random(21) < 0.6)
    lives = random.integers(130, 230, 2 * engines)
    whole = [_engine(random, life, level, share, scale) for life in lives]
    cuts = [int(random.integers(40, life)) for life in lives[engines:]]
    _write(folder / f"train_{subset}.txt", whole[:engines])
    _write(
        folder / f"test_{subset}.txt", [w[:c] for w, c in zip(whole[engines:], cuts, strict=True)]
    )
    left = [life - cut for life, cut in zip(lives[engines:].tolist(), cuts, strict=True)]
    (folder / f"RUL_{subset}.txt").write_text("".join(f"{one}\n" for one in left))


def _engine(random, life, level, share, scale):
    cycle = np.arange(life)
    wear = np.exp((cycle - life) / 45) * random.uniform(0.9, 1.1)
    regime = random.integers(0, len(level), life)
    noise = 0.25 * random.standard_normal((life, 21))
    sensors = level[regime] + scale * (wear[:, None] * share + noise)
    settings = REGIMES[regime] + random.standard_normal((life, 3)) * [0.002, 0.0003, 0]
    return np.hstack([settings, sensors])


def _write(file, engines):
    with file.open("w") as out:
        for unit, rows in enumerate(engines, 1):
            for cycle, row in enumerate(rows, 1):
                out.write(f"{unit} {cycle} " + " ".join(f"{value:.6g}" for value in row) + "\n")
