"""Durations, and the bands that times and health scores fall into."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from graphrec.errors import InvalidInputError

_ISO = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
_MINUTES = {"weeks": 7 * 24 * 60.0, "days": 24 * 60.0, "hours": 60.0, "minutes": 1.0, "seconds": 1 / 60}

TIME_BANDS = (
    (15.0, "under 15 minutes"), (30.0, "15 to 30 minutes"), (60.0, "30 to 60 minutes"),
    (120.0, "1 to 2 hours"), (240.0, "2 to 4 hours"), (math.inf, "over 4 hours"),
)  # fmt: skip
"""Upper bound in minutes (inclusive) and name of each band of total time."""

HEALTH_BANDS = {
    "fsa": ((6.0, "fsa healthy"), (9.0, "fsa medium"), (math.inf, "fsa unhealthy")),
    "who": ((1.0, "who unhealthy"), (3.0, "who medium"), (math.inf, "who healthy")),
}
"""FSA traffic-light sums run from 4 (all green) to 12 (all red); WHO scores count guidelines met, 0 to 14."""


def duration_minutes(text: str) -> float | None:
    """Minutes of an ISO 8601 duration; None for an empty one (`P`, `PT0S` written by some sites for
    "unknown").

    >>> duration_minutes("PT1H15M"), duration_minutes("P1DT30M"), duration_minutes("PT0S")
    (75.0, 1470.0, None)

    Raises:
        InvalidInputError: not a duration, or one in years or months, whose length is not fixed.
    """
    found = _ISO.fullmatch(text.strip().upper())
    if found is None or found["years"] or (found["months"] and int(found["months"])):
        raise InvalidInputError(f"{text!r} is not an ISO 8601 duration such as PT1H15M.")
    total = sum(float(found[unit].replace(",", ".")) * size for unit, size in _MINUTES.items() if found[unit])
    return total if total > 0 else None


def band(value: float, bands: Sequence[tuple[float, str]]) -> str | None:
    """The first band whose upper bound holds `value`; None for NaN or a negative value."""
    if not value >= 0:
        return None
    return next(name for bound, name in bands if value <= bound)


def time_band(minutes: float) -> str | None:
    """Name of the band of a total time in minutes."""
    return band(minutes, TIME_BANDS)


def health_bands(scores: dict[str, float]) -> list[str]:
    """Names of the bands of known health scores (`fsa`, `who`), the others passed over."""
    found = (band(scores[key], HEALTH_BANDS[key]) for key in HEALTH_BANDS if key in scores)
    return [name for name in found if name]
