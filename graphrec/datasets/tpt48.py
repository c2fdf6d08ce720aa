"""TPT-48: monthly temperatures of 48 states, half a year foretold from the half before; states are domains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError

Task = Literal["E24->W24", "N24->S24", "W6->E42"]

SOURCES: dict[str, tuple[str, ...]] = {
    "E24->W24": tuple("MI IN OH PA NY VT NH ME MA CT RI NJ DE MD WV KY VA TN NC SC GA FL AL MO".split()),
    "N24->S24": tuple("ND VT NH ME WA MT SD MN WI MI NY MA OR ID WY NE IA IL IN OH PA NJ CT RI".split()),
    "W6->E42": tuple("WA OR CA ID NV AZ".split()),
}
"""States with labels: the eastern and the northern half (GRDA, ICLR 2022), six western states (VDI, ICLR 2023)."""

YEAR, HALF = 12, 6
NUM_MONTHS = 144
FIRST_YEAR = 2008


@dataclass(frozen=True, eq=False)
class TPT48:
    """The series and the map.

    Args:
        states: codes of two letters, in the order of the rows.
        temperature: float64 `[48, 144]`, monthly means in degrees Fahrenheit, January 2008 to December 2019.
        graph: 0/1, states that share a border, in the same order.
    """

    states: tuple[str, ...]
    temperature: NDArray[np.float64]
    graph: DomainGraph


class Windows(NamedTuple):
    """A task as rows: six months in, the next six out, both normalised by one mean and one standard deviation.

    Args:
        x, y: float32 `[num_rows, 6]`, (degrees F - mean) / sd; `y` of every domain: hide that of the targets.
        domain: int64 `[num_rows]`, by state. Rows stand by state and time: never pair rows by their place.
        sources: int64 `[num_sources]`, ascending.
        mean, sd: degrees Fahrenheit. A squared error times `sd ** 2` is in degrees F squared.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    domain: NDArray[np.int64]
    sources: NDArray[np.int64]
    mean: float
    sd: float


def read_tpt48(folder: str | Path) -> TPT48:
    """Read `tpt48.npz` (`states`, `temperature`) and `state_borders.csv`.

    Raises:
        NotFoundError, CorruptionError: a file that is missing, or is something else.
    """
    path = Path(folder) / "tpt48.npz"
    if not path.is_file():
        raise NotFoundError(f"There is no file tpt48.npz in {folder}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            states = tuple(str(state) for state in stored["states"])
            temperature = stored["temperature"].astype(np.float64)
        if temperature.shape != (len(states), NUM_MONTHS) or not np.isfinite(temperature).all():
            raise ValueError(f"temperatures of {temperature.shape} for {len(states)} states")
    except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
        raise CorruptionError(
            f"{path} does not hold 12 years of 48 states ({error}); fetch it again."
        ) from error
    return TPT48(states, temperature, DomainGraph.from_csv(Path(folder) / "state_borders.csv", states))


def windows(
    data: TPT48, task: Task = "E24->W24", source_windows: Literal["sliding", "yearly"] = "sliding"
) -> Windows:
    """The rows of a task.

    Targets are calendar years: January to June foretell July to December, 12 rows a state. Sources are all spans of
    12 months, whatever month they begin in, 133 rows a state (the released loader of VDI), or calendar years as well.
    With sliding windows 11 of 12 source rows ask for another season than any target row does.

    Mean and standard deviation are those of one pool: every month of the sources and January to June of the targets;
    what is to be foretold stays out.

    Raises:
        InvalidInputError: an unknown task or kind of window.
    """
    if task not in SOURCES:
        raise InvalidInputError(f"The tasks of TPT-48 are {', '.join(SOURCES)}; {task!r} is none.")
    if source_windows not in ("sliding", "yearly"):
        raise InvalidInputError(f"Windows of the sources are sliding or yearly, not {source_windows!r}.")
    sources = np.sort(data.graph.indices(SOURCES[task]))
    steps = np.full(len(data.states), YEAR)
    steps[sources] = 1 if source_windows == "sliding" else YEAR
    spans = [_spans(series, int(step)) for series, step in zip(data.temperature, steps, strict=True)]
    domain = np.repeat(np.arange(len(spans)), [len(part) for part in spans])
    rows = np.concatenate(spans)
    of_sources = np.isin(domain, sources)
    pool = np.concatenate([data.temperature[sources].ravel(), rows[~of_sources, :HALF].ravel()])
    mean, sd = float(pool.mean()), float(pool.std())
    scaled = ((rows - mean) / sd).astype(np.float32)
    return Windows(scaled[:, :HALF], scaled[:, HALF:], domain, sources, mean, sd)


def _spans(series: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    return np.lib.stride_tricks.sliding_window_view(series, YEAR)[::step]
