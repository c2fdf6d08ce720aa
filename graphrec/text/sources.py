"""Where the texts of nodes come from: each source streams (node, text) pairs and knows how many nodes there are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.text.text_files import json_records, lines_of, stamp, table_records

if TYPE_CHECKING:
    from graphrec.store.snapshot import GraphSnapshot

_PIECE = 1000
_NAMES = ("name", "title")
_USUAL = ("ingredients", "instructions", "description", "text", "abstract", "content")


class TextSource(Protocol):
    """Texts of the nodes `0..len(source)-1`."""

    @property
    def description(self) -> str:
        """What it is, for messages and cards; no folder is named."""

    @property
    def signature(self) -> str:
        """Changes when the texts may have changed; a resumed run reads them again then."""

    def __len__(self) -> int: ...

    def rows(self) -> Iterator[tuple[int, str]]:
        """Pairs (node, text) in any order, every node at most once; a node left out has no text."""


class ListTexts:
    """Texts that are in memory, in the order of the nodes."""

    description = "the texts"

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    @property
    def signature(self) -> str:
        digest = hashlib.sha256()
        for text in self._texts:
            content = text.encode("utf-8", "replace")
            digest.update(f"{len(content)}:".encode() + content)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._texts)

    def rows(self) -> Iterator[tuple[int, str]]:
        return iter(enumerate(self._texts))


class NodeTexts:
    """What the nodes of one type in a snapshot say of themselves, the fields one under another.

    Args:
        snapshot: of a store.
        node_type: `recipe`.
        fields: `name` (or `title`), a text property (`ingredients` are the lines as they were imported), or a
            relation, which stands for the names of the nodes that it leads to.

    Raises:
        NotFoundError: no such node type or field.
    """

    def __init__(self, snapshot: GraphSnapshot, node_type: str, fields: Sequence[str]) -> None:
        self._snapshot, self._type, self._fields = snapshot, node_type, tuple(fields)
        self._count = snapshot.num_nodes(node_type)
        if not self._fields:
            raise InvalidInputError("No text field is named; give at least one, such as name.")
        self._readers = [self._reader(field) for field in self._fields]

    @property
    def description(self) -> str:
        return f"{', '.join(self._fields)} of the {self._type} nodes"

    @property
    def signature(self) -> str:
        return f"{self._snapshot.name} {self._type} {','.join(self._fields)}"

    def __len__(self) -> int:
        return self._count

    def rows(self) -> Iterator[tuple[int, str]]:
        for start in range(0, self._count, _PIECE):
            piece = slice(start, min(start + _PIECE, self._count))
            columns = [reader(piece) for reader in self._readers]
            for offset, parts in enumerate(zip(*columns, strict=True)):
                yield start + offset, joined(parts)

    def _reader(self, field: str) -> Callable[[slice], Sequence[str | None]]:
        keys = self._snapshot.text_keys(self._type)
        if field in _NAMES and field not in keys:
            return self._snapshot.names(self._type).__getitem__
        if field in keys:
            return self._snapshot.text(self._type, field).__getitem__
        relations = {relation.name: relation for relation in self._snapshot.relations}
        if field in relations and relations[field].src == self._type:
            return self._linked(field, relations[field].dst)
        known = [_NAMES[0], *keys, *(name for name, found in relations.items() if found.src == self._type)]
        raise NotFoundError(f"A {self._type} has no text {field!r}; it has {', '.join(known)}.")

    def _linked(self, relation: str, other: str) -> Callable[[slice], Sequence[str | None]]:
        csr, names, ids = self._snapshot.csr(relation), self._snapshot.names(other), self._snapshot.ids(other)

        def read(piece: slice) -> list[str]:
            rows = (csr.row(row).tolist() for row in range(piece.start, piece.stop))
            return [", ".join(names[target] or ids[target] for target in row) for row in rows]

        return read


def usual_fields(snapshot: GraphSnapshot, node_type: str) -> tuple[str, ...]:
    """The name, and whichever of the usual text properties some node of the type has."""
    keys = snapshot.text_keys(node_type)
    return (_NAMES[0], *(field for field in _USUAL if field in keys))


class LineTexts:
    """One text per line of a file (`.gz` is unpacked); there must be exactly one for each node.

    Args:
        path: the file.
        num_nodes: how many there must be.
    """

    def __init__(self, path: Path, num_nodes: int) -> None:
        self._path, self._count = path, num_nodes
        self.description, self.signature = path.name, f"lines {stamp(path)}"

    def __len__(self) -> int:
        return self._count

    def rows(self) -> Iterator[tuple[int, str]]:
        """Raises InvalidInputError at the end when the file has more or fewer lines than nodes."""
        return _exactly(lines_of(self._path), self._count, self._path)


class RecordTexts:
    """Fields of the records of a file: JSON lines (`.jsonl`, `.json`) or a table (`.tsv`, `.csv`), also `.gz`.

    Args:
        paths: the files.
        fields: keys of an object, or columns of a table (by number from 0, or by name where a header is read).
        num_nodes: how many nodes there are.
        key: field that names the node; None when record i is node i, in one file.
        nodes: node of each value of `key`. Records of other nodes are passed over, of several records of one node
            the first with a text counts.
        header: whether the first row of a table names its columns.

    Raises:
        InvalidInputError: a file of another kind, or several files without a key.
    """

    def __init__(
        self, paths: Sequence[Path], fields: Sequence[str | int], num_nodes: int, *,
        key: str | int | None = None, nodes: Mapping[str, int] | None = None, header: bool = False,
    ) -> None:  # fmt: skip
        if (key is None) != (nodes is None) or (key is None and len(paths) != 1):
            raise InvalidInputError("Texts by record need one file, or a key and the nodes that it names.")
        self._paths, self._fields, self._count = list(paths), list(fields), num_nodes
        self._key, self._nodes, self._header = key, nodes, header
        self.description = ", ".join(path.name for path in self._paths)
        stamps = [stamp(path) for path in self._paths]
        self.signature = f"records {stamps} {self._fields} {key} {header}"

    def __len__(self) -> int:
        return self._count

    def rows(self) -> Iterator[tuple[int, str]]:
        """Raises InvalidInputError for a broken record, and without a key when the number of records is not N."""
        if self._nodes is None:
            texts = (joined(map(plain, values)) for _, values in self._records())
            yield from _exactly(texts, self._count, self._paths[0])
            return
        given: set[int] = set()
        for name, values in self._records():
            row = self._nodes.get(name)
            if row is not None and row not in given and (text := joined(map(plain, values))):
                given.add(row)
                yield row, text

    def _records(self) -> Iterator[tuple[str, list[Any]]]:
        wanted = [*self._fields, *([] if self._key is None else [self._key])]
        for path in self._paths:
            kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
            if kind in ("json", "jsonl"):
                found = json_records(path, [str(field) for field in wanted])
            elif kind in ("tsv", "csv"):
                found = table_records(path, wanted, kind == "tsv", self._header, exact=self._key is None)
            else:
                raise InvalidInputError(
                    f"{path.name} is neither .jsonl, .json, .tsv nor .csv (each also .gz)."
                )
            for values in found:
                name = "" if self._key is None else plain(values.pop())
                yield name, values


def as_source(texts: TextSource | Sequence[str]) -> TextSource:
    """A list of texts as a source; a source as it is."""
    return ListTexts(texts) if isinstance(texts, Sequence) else texts


def plain(value: Any) -> str:
    """A JSON value as text: lists line by line, an object by its `text` or `name`, nothing for null."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return joined(map(plain, value))
    if isinstance(value, dict):
        return plain(value.get("text") or value.get("name"))
    return "" if value is None or isinstance(value, bool) else str(value)


def joined(parts: Iterable[str | None]) -> str:
    """Non-empty parts, one under another."""
    return "\n".join(part for part in parts if part)


def _exactly(texts: Iterable[str], count: int, path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    for number, text in enumerate(texts, 1):
        if number > count:
            break
        yield number - 1, text
    if number != count:
        more = "more than " if number > count else ""
        raise InvalidInputError(
            f"{path.name} has {more}{min(number, count)} texts for {count} nodes; a text may have been split by a "
            "newline: give a table with ids, or JSON lines."
        )
