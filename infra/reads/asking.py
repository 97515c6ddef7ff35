"""Which alerts ask for somebody, and which count as money: one condition for the fleet's numbers,
its table and the alerts' piles. `%(now_ms)s` is the fleet's clock.
"""

from typing import Final

STANDING: Final = "state IN ('open', 'acknowledged')"
QUIET: Final = "(muted_by != '' OR JSONExtractInt(body, 'snoozed_until_ms') > %(now_ms)s)"
CALLS: Final = f"severity != 'watch' AND NOT {QUIET}"
"""Graver than watched and not quiet, whether or not somebody took it."""
ASKS: Final = f"state = 'open' AND {CALLS}"
# What a fault brings with it would count twice beside its parent.
PRICED: Final = "condition = 'risk' AND muted_by = ''"
"""Of a standing alert: its money is at stake, whoever takes care of it."""
