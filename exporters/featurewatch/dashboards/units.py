"""Grafana's units that we show quantities in, and how many decimals a share needs so that it does not round away."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

SECONDS: Final = "s"
SHARE: Final = "percentunit"
"""A ratio between 0 and 1, printed in per cent."""
PER_SECOND: Final = "reqps"
EVENTS_PER_SECOND: Final = "cps"
OPERATIONS_PER_SECOND: Final = "ops"
BYTES: Final = "bytes"
COUNT: Final = "short"
TIMES: Final = "none"
"""A factor."""
CELSIUS: Final = "celsius"
WATTS: Final = "watt"
BYTES_PER_SECOND: Final = "Bps"
CORES: Final = "short"
STATE: Final = "none"
"""A number that value mappings turn into a word."""

DECLARED: Final = {
    "share": SHARE,
    "seconds": SECONDS,
    "bytes": BYTES,
    "events per second": PER_SECOND,
    "events": COUNT,
    "number": COUNT,
}
"""By the unit of an objective."""

SMALLEST_AXIS: Final = {
    SECONDS: 1e-6,
    PER_SECOND: 1.0,
    EVENTS_PER_SECOND: 0.1,
    OPERATIONS_PER_SECOND: 1.0,
    BYTES: 1024.0,
    BYTES_PER_SECOND: 1024.0,
    COUNT: 1.0,
    TIMES: 1.0,
}
"""What an axis from 0 reaches at least, by its unit. Left alone, Grafana draws a line of zeros on an axis to 100."""


def share_decimals(bounds: Iterable[float]) -> int:
    """One decimal more than the finest bound has in per cent: 0.001 is 0.1 %, so 2, and 0.05 % is not shown as 0 %.

    Left alone, Grafana shows two significant digits, which makes 99.95 % a reassuring 100 %.
    """
    return 1 + max((_places(bound) for bound in bounds), default=0)


def _places(bound: float) -> int:
    exponent = (Decimal(str(bound)) * 100).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
