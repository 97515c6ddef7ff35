"""What may be committed: always one snapshot behind, so that a damaged newest file still finds
its predecessor at or above the commit.
"""


class Trail:
    """Offsets of a partition's newest snapshot and of the commit; -1 for none."""

    def __init__(self, newest: int = -1) -> None:
        self.newest = newest
        self.committed = -1

    def saved(self, next_offset: int) -> int | None:
        """A snapshot at `next_offset` is safe: the offset to commit now, if any."""
        before, self.newest = self.newest, next_offset
        return self._advance(before)

    def proven(self) -> int | None:
        """The newest snapshot was read back whole while nothing came: the offset to commit."""
        return self._advance(self.newest)

    def _advance(self, offset: int) -> int | None:
        if offset <= self.committed:
            return None
        self.committed = offset
        return offset
