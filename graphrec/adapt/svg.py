"""The few shapes of plain SVG that pictures need, and writing them to a file whole."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from graphrec.bundle.folders import replace_text
from graphrec.errors import StoreError

INK, PALE, PAPER = "#222222", "#9aa5b1", "#ffffff"
FONT = 13
LETTER = 0.56
"""Width of a letter of a sans-serif font against its size, on average."""


def write_svg(path: Path, width: float, height: float, title: str, parts: Iterable[str]) -> None:
    """Write a picture on white, in place of what is there; `title` is what a screen reader says.

    Raises:
        StoreError: the disk refused.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="sans-serif" font-size="{FONT}" role="img">'
    )
    back = f'<title>{plain(title)}</title>\n<rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>'
    try:
        replace_text(path, "\n".join([head, back, *parts, "</svg>"]) + "\n")
    except OSError as error:
        raise StoreError(f"The picture {path} cannot be written: {error.strerror or error}.") from error


def text(
    x: float, y: float, content: str, *, anchor: str = "start", bold: bool = False, halo: bool = False,
    size: float = FONT, turn: bool = False,
) -> str:  # fmt: skip
    """One line of text; `halo` keeps it readable over lines, `turn` lets it run upwards."""
    extra = ' font-weight="bold"' if bold else ""
    extra += f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
    extra += f' font-size="{size:g}"' if size != FONT else ""
    place = f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}'
    written = f'{place} fill="{INK}">{plain(content)}</text>'
    if not halo:
        return written
    # a text of its own below: not every viewer paints a stroke under the letters (paint-order)
    wide = f'stroke="{PAPER}" stroke-width="3" stroke-linejoin="round" aria-hidden="true"'
    return f'{place} fill="{PAPER}" {wide}>{plain(content)}</text>\n{written}'


def line(
    x1: float, y1: float, x2: float, y2: float, colour: str = PALE, width: float = 1, **more: str
) -> str:
    """A straight line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"{_more(more)}/>'
    )


def circle(x: float, y: float, radius: float, fill: str, tip: str = "", **more: str) -> str:
    """A disc, with a text that shows under the pointer."""
    inside = f"<title>{plain(tip)}</title>" if tip else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"{_more(more)}>{inside}</circle>'


def square(x: float, y: float, radius: float, fill: str, tip: str = "", **more: str) -> str:
    """A square about its middle, with a text that shows under the pointer."""
    inside = f"<title>{plain(tip)}</title>" if tip else ""
    place = f'x="{x - radius:.1f}" y="{y - radius:.1f}" width="{2 * radius:g}" height="{2 * radius:g}"'
    return f'<rect {place} fill="{fill}"{_more(more)}>{inside}</rect>'


def polyline(points: Iterable[tuple[float, float]], colour: str, width: float = 2, **more: str) -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{_more(more)}/>'


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two, `#rrggbb`; `share` 0 is the first, 1 the second."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` or just below to `high` or just above, at most `most` steps apart."""
    if not high > low:
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def plain(content: str) -> str:
    """Text as XML may hold it: without control characters, escaped."""
    return escape("".join(sign for sign in content if sign.isprintable()))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _more(attributes: dict[str, str]) -> str:
    return "".join(f" {name.replace('_', '-')}={quoteattr(value)}" for name, value in attributes.items())
