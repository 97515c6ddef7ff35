"""What a scenario came to: one row of the table."""

import dataclasses
from dataclasses import dataclass, field

from tests.faults.compare import TABLES, Tally

CRASH_LIMIT_S = 15.0
"""Recovery after a worker's crash."""
OUTAGE_LIMIT_S = 30.0
"""Recovery after broker or store are back."""


@dataclass
class Outcome:
    """`faults` done, records sent and acknowledged, rows, seconds to recover (None: never), and
    what else speaks against it. `caught`: for a mutant, whether anything did.
    """

    name: str
    faults: int = 0
    events: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    recoveries: list[float | None] = field(default_factory=list)
    limit_s: float = CRASH_LIMIT_S
    complaints: list[str] = field(default_factory=list)
    notes: dict[str, float | str] = field(default_factory=dict)
    took_s: float = 0.0
    caught: bool | None = None

    @property
    def total(self):
        """Rows of the store's tables; lost, doubled and wrong of everything."""
        rows = sum((one for name, one in self.tallies.items() if name in TABLES), Tally())
        every = sum(self.tallies.values(), Tally())
        return Tally(rows.expected, rows.found, every.lost, every.doubled, every.wrong)

    @property
    def slowest(self):
        """The longest recovery; None when one never came or none was measured."""
        if not self.recoveries or None in self.recoveries:
            return None
        return max(self.recoveries)

    def passed(self, *, timed=True):
        """Whether all is well; for a mutant, whether it was caught."""
        return not self.verdict(timed=timed) if self.caught is None else self.caught

    def verdict(self, *, timed=True):
        """Everything that is wrong with it, in words; empty when it passed. `timed`: whether a
        recovery within the limit is asked for (a machine that does other work too is slow).
        """
        found = [
            f"{name}: {one.lost} lost, {one.doubled} doubled, {one.wrong} wrong"
            for name, one in self.tallies.items()
            if not one.is_clean
        ]
        if not self.total.expected and self.tallies:
            found.append("nothing was expected")
        limit_s = self.limit_s if timed else float("inf")
        late = [s for s in self.recoveries if s is None or s > limit_s]
        if late:
            told = ", ".join("never" if s is None else f"{s:.1f} s" for s in late)
            found.append(f"recovered late: {told} (limit {self.limit_s:.0f} s)")
        return [*found, *self.complaints]

    def add(self, other):
        """Put another lane of the same scenario into this row."""
        self.faults += other.faults
        self.events += other.events
        for name, one in other.tallies.items():
            self.tallies[name] = self.tallies.get(name, Tally()) + one
        self.recoveries += other.recoveries
        self.complaints += other.complaints
        self.notes |= other.notes

    def as_json(self):
        total = dataclasses.asdict(self.total)
        return {
            "scenario": self.name,
            "passed": self.passed(),
            "caught": self.caught,
            "faults": self.faults,
            "events": self.events,
            **total,
            "recovery_s": sorted(round(s, 1) for s in self.recoveries if s is not None),
            "recovery_limit_s": self.limit_s,
            # Logs of a mutant's falls would tell of the machine, not of the mutant.
            "verdict": [] if self.caught else self.verdict(),
            "notes": self.notes,
            "took_s": round(self.took_s, 1),
            "by_table": {name: dataclasses.asdict(one) for name, one in self.tallies.items()},
        }
