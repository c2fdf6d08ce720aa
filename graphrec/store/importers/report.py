"""What an import did, and every row it could not use."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphrec.errors import ImportFailedError

MAX_ERRORS = 1000
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that was skipped: where it stands, which value, why.

    Args:
        line: line of a text file, row of a table, or place in a JSON array; counted from 1.
        column: the column or key, empty when the whole row is at fault.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        column = f", {self.column} {self.value!r}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}"


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Args:
        rows: rows read; `imported + skipped == rows`.
        errors: the first 1,000 rows skipped.
        warnings: what was noticed and not skipped for, such as columns that nothing is made of.
        counts: new nodes and edges by type, interactions added and updated.
        linked_line_share: ingredient lines that hold a vocabulary name, among those that are food; None
            without any.
        seconds: wall time.
    """

    rows: int = 0
    imported: int = 0
    skipped: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    linked_line_share: float | None = None
    seconds: float = 0.0

    def skip(self, error: RowError, *, strict: bool) -> None:
        """Note a bad row.

        Raises:
            ImportFailedError: under `strict`.
        """
        if strict:
            raise ImportFailedError(
                f"{error}; nothing was imported: repair the row, or import without strict."
            )
        self.skipped += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def warn(self, text: str, *, strict: bool = False) -> None:
        """Note a warning.

        Raises:
            ImportFailedError: under `strict`.
        """
        if strict:
            raise ImportFailedError(
                f"{text}; nothing was imported: repair the file, or import without strict."
            )
        self.warnings.append(text)


def shown(value: object) -> str:
    """A value as an error shows it: text, never endless."""
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


class BadValueError(ValueError):
    """One value of a row cannot be used.

    Args:
        column: its column or key.
        value: the value itself.
    """

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason

    def at(self, file: str, line: int) -> RowError:
        """The same, with its place."""
        return RowError(file, line, self.column, shown(self.value), self.reason)
