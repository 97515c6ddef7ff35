"""When a risk opens an alert and when it closes by itself, so that none flickers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hysteresis:
    """Opens after `scores` in a row at or above the line that span `open_intervals` score
    intervals; closes once all scores of `clear_intervals` were below `clear_share` of the line.

    A surprised vehicle is scored many times within minutes, hence the span beside the count.
    """

    scores: int = 2
    open_intervals: float = 0.5
    clear_share: float = 0.5
    clear_intervals: float = 3.0

    def opens(self, scores: int, span_ms: int, interval_ms: int) -> bool:
        """Whether so many scores in a row over this span of event time are enough."""
        return scores >= self.scores and span_ms >= self.open_intervals * interval_ms

    def clears_below(self, line: float) -> float:
        """The 30-day risk below which an alert that opened at `line` begins to close."""
        return self.clear_share * line

    def clears(self, span_ms: int, interval_ms: int) -> bool:
        """Whether risk was low for long enough."""
        return span_ms >= self.clear_intervals * interval_ms
