"""How often a call out is tried: three times, with growing, jittered pauses, and never past its time-out.

Only what may be repeated is: reads, and what certainly never arrived.
"""

from __future__ import annotations

from typing import Final

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

TRIES: Final = 3

FIRST_PAUSE: Final = 0.5
"""Seconds before the second try; twice as many before the third."""

LONGEST_PAUSE: Final = 5.0

JITTER: Final = 0.5
"""Seconds at most that chance adds to a pause, so that many callers do not come again at once."""


def tries(*on: type[Exception], within: float | None = None) -> Retrying:
    """Attempts for a `for` loop; the last exception is raised as it is.

    Args:
        on: what another try may mend.
        within: seconds; no further try begins after them. None: only the number of tries bounds it.
    """
    stop = stop_after_attempt(TRIES)
    return Retrying(
        stop=stop if within is None else stop | stop_before_delay(within),
        wait=wait_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE) + wait_random(0, JITTER),
        retry=retry_if_exception_type(on),
        reraise=True,
    )
