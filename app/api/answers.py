"""What the fleet's pages ask again and again, kept by tenant."""

from dataclasses import dataclass, field

from app.api.kept import Kept
from app.api.looks import Looks
from app.api.summary import FleetSummary
from infra.reads.cases import Findings
from infra.reads.outcomes import OutcomeCount
from infra.reads.summary import Choices
from infra.reads.trends import Depot, ExpectedCost, Trends


@dataclass
class Answers:
    """Counts go stale in seconds; a curve of 90 days reads much and changes little. The clock and
    the filters' choices are asked for by every page.
    """

    clock: Kept[int] = field(default_factory=lambda: Kept(0.5, 0.5))
    choices: Kept[Choices] = field(default_factory=lambda: Kept(2, 10))
    silent: Kept[list[str]] = field(default_factory=lambda: Kept(2, 10))
    trends: Kept[Trends] = field(default_factory=lambda: Kept(5, 20))
    depots: Kept[list[Depot]] = field(default_factory=lambda: Kept(5, 20))
    outcomes: Kept[list[OutcomeCount]] = field(default_factory=lambda: Kept(5, 20))
    summary: Kept[FleetSummary] = field(default_factory=lambda: Kept(1, 10))
    findings: Kept[dict[str, Findings]] = field(default_factory=lambda: Kept(2, 10))
    curve: Kept[ExpectedCost] = field(default_factory=lambda: Kept(600, 7_200))
    looks: Looks = field(default_factory=Looks)
