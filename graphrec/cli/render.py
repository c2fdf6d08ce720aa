"""How answers and tables look: pictures for people at a terminal, tab-separated text for programs.

Data goes to stdout, everything else to stderr. rich is imported only when a terminal is there to draw on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec.ranking import Answer, RecommendedItem

BAR_CELLS = 12
TITLE_CELLS = 44
CHIP = "black on bright_white"
_FALLBACKS = {
    "cold_user": "nobody knows this user yet: popularity and the request decide",
    "fold_in": "new since training: scored by the history in the store",
}


def emit_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def say(message: str) -> None:
    """A line for the person, on stderr; what was said on stdout before stands before it."""
    sys.stdout.flush()
    print(message, file=sys.stderr, flush=True)


def pretty() -> bool:
    """Whether stdout is a terminal that takes pictures."""
    return sys.stdout.isatty()


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: drawn for a terminal, tab-separated with a header line otherwise."""
    lines = [[_cell(value) for value in row] for row in rows]
    if not pretty():
        print("\t".join(header))
        for line in lines:
            print("\t".join(_one_line(cell) for cell in line))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


def print_answer(answer: Answer, *, ranked: bool = True) -> None:
    """A ranked list with its reasons; how the request was understood and any note go to stderr."""
    understood = understood_line(answer.query.to_json())
    if understood:
        say(f"Understood: {understood}")
    if answer.fallback:
        say(f"Fallback {answer.fallback}: {_FALLBACKS.get(answer.fallback, 'no history to go by')}.")
    if answer.note:
        say(f"Note: {answer.note}")
    if ranked and not answer.items:
        say("No item satisfies this query.")
    print_items(answer.items)


def print_items(items: Sequence[RecommendedItem]) -> None:
    """Items best first: rank, id, score, title, reasons."""
    if pretty():
        _draw_items(items)
        return
    for rank, item in enumerate(items, start=1):
        cells = [str(rank), item.item, f"{item.score:.4f}", item.title]
        reasons = "; ".join(reason.text for reason in item.reasons)
        print("\t".join(_one_line(cell) for cell in ([*cells, reasons] if reasons else cells)))


def understood_line(query: Mapping[str, Any]) -> str:
    """The constraints of a query in words; empty when there are none."""
    parts = [" or ".join(ref) if isinstance(ref, list) else str(ref) for ref in query["must"]]
    parts += [f"not {ref}" for ref in query["must_not"]]
    parts += [f"{name} {_range(bounds)}" for name, bounds in query["ranges"].items()]
    parts += [f"(wish) {ref}" for ref in query["should"]]
    parts += [f"(rather not) {ref}" for ref in query.get("should_not", ())]
    return " · ".join(parts)


def _range(bounds: Sequence[float | None]) -> str:
    low, high = bounds
    if low is None:
        return f"at most {high:g}" if high is not None else "any"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def _draw_items(items: Sequence[RecommendedItem]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    scores = [item.score for item in items]
    width = min(TITLE_CELLS, max((len(item.title) for item in items), default=0))
    for rank, item in enumerate(items, start=1):
        line = Text().append(f"{rank:3d}  ", style="dim")
        line.append(_fit(item.title, width), style="bold")
        line.append(f"  {_bar(item.score, min(scores), max(scores))}  ", style="cyan")
        line.append(_one_line(item.item), style="dim")
        console.print(line, no_wrap=True, overflow="ellipsis")
        for reason in item.reasons:
            console.print(Padding(Text(f" {_one_line(reason.text)} ", style=CHIP), (0, 0, 0, 5)))


def _bar(score: float, low: float, high: float) -> str:
    """The best of the list fills the bar, the last keeps a stub: it shows differences, not scores."""
    share = 1.0 if high <= low else 0.15 + 0.85 * (score - low) / (high - low)
    return ("█" * max(1, round(share * BAR_CELLS))).ljust(BAR_CELLS)


def _fit(text: str, width: int) -> str:
    flat = _one_line(text)
    return flat.ljust(width) if len(flat) <= width else flat[: width - 1] + "…"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and pretty() else str(value)


def _one_line(text: str) -> str:
    # A title may hold anything; a control character would break the columns or drive the terminal.
    return "".join(c if c.isprintable() else " " for c in text)


def _plain(value: Any) -> Any:
    """NumPy scalars, arrays and paths as JSON values."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
