"""Reading utterances: our own TOML, JSON lines, CLINC150, TEXTOIR tables, folders with seq.in and label.

Which form it is shows in the path: a folder, or the ending of a file (`.toml`, `.jsonl`, `.json`, `.tsv`, each but
the first also with `.gz`).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.nlu.intents.data import IntentData, Utterance
from graphrec.nlu.intents.templates import read_toml

OUTSIDE = "oos"
"""Label of out-of-scope sentences in CLINC150 and in JSON lines."""


def read_intents(path: Path | str, values: Mapping[str, Sequence[str]] | None = None) -> IntentData:
    """Utterances of a file or folder.

    Args:
        path: see the module.
        values: words for the slots of templates, by slot; they take the place of those in the file.

    Raises:
        NotFoundError: nothing lies there.
        InvalidInputError: an unknown form, or a broken line; the message names file and line.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}; check the path.")
    name = path.name.removesuffix(".gz")
    if name.endswith(".toml"):
        return read_toml(path, values)
    if name.endswith((".jsonl", ".tsv")):
        rows = _json_lines(path) if name.endswith(".jsonl") else _table(path)
        return IntentData(*_parted(rows))
    if name.endswith(".json"):
        return _clinc(path)
    raise InvalidInputError(f"{path} is no file of utterances; they come as .toml, .jsonl, .json or .tsv.")


def _folder(path: Path) -> IntentData:
    """`train`, `valid` and `test` inside, each with seq.in and label; or `train.tsv`, `dev.tsv`, `test.tsv`; or
    seq.in and label themselves.
    """
    for read, train, valid in ((_pairs, "train", "valid"), (_table, "train.tsv", "dev.tsv")):
        first = _find(path / train)
        if first is not None:
            learned, proxies = _parted(read(first))
            held, outside = _optional(path / valid, read)
            test, test_outside = _optional(path / train.replace("train", "test"), read)
            return IntentData(learned, proxies, held, outside, test, test_outside)
    if _find(path / "seq.in") is not None:
        return IntentData(*_parted(_pairs(path)))
    raise NotFoundError(f"{path} holds no utterances: no train folder, no train.tsv, no seq.in.")


def _find(path: Path) -> Path | None:
    """The file or folder, or its gzipped twin."""
    return next((p for p in (path, path.with_name(path.name + ".gz")) if p.exists()), None)


def _optional(path: Path, read: Any) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
    found = _find(path)
    return ((), ()) if found is None else _parted(read(found))


def _parted(rows: Iterator[Utterance]) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
    """Known utterances, and the sentences out of scope."""
    known, outside = [], []
    for row in rows:
        if row.intent.casefold() == OUTSIDE:
            outside.append(row.text)
        else:
            known.append(row)
    return tuple(known), tuple(outside)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of every line."""
    opener: Any = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                yield number, line.rstrip("\r\n")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InvalidInputError(f"{path}, after line {number}: not readable as UTF-8 text ({error}).") from None


def _broken(path: Path, number: int, why: str) -> InvalidInputError:
    return InvalidInputError(f"{path}, line {number}: {why}.")


def _utterance(path: Path, number: int, text: str, intent: str, domain: str | None = None) -> Utterance:
    if not text.strip() or not intent.strip():
        raise _broken(path, number, "the utterance or its intent is empty")
    return Utterance(text.strip(), intent.strip(), domain)


def _json_lines(path: Path) -> Iterator[Utterance]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _broken(path, number, f"not JSON ({error})") from None
        if not isinstance(row, dict) or not all(isinstance(row.get(k), str) for k in ("text", "intent")):
            raise _broken(path, number, 'an utterance is {"text": "...", "intent": "..."}')
        domain = row.get("domain")
        if domain is not None and not isinstance(domain, str):
            raise _broken(path, number, f"the domain is text, not {domain!r}")
        yield _utterance(path, number, row["text"], row["intent"], domain)


def _table(path: Path) -> Iterator[Utterance]:
    """Tab-separated with a header line that names `text` and `label` (or `intent`)."""
    lines = _lines(path)
    header = next(csv.reader([next(lines, (1, ""))[1]], delimiter="\t"), [])
    label = "label" if "label" in header else "intent"
    if "text" not in header or label not in header:
        raise _broken(path, 1, f"the columns are text and label, not {', '.join(header) or 'nothing'}")
    for number, line in lines:
        if not line:
            continue
        cells = next(csv.reader([line], delimiter="\t"), [])
        if len(cells) != len(header):
            raise _broken(path, number, f"{len(cells)} cells, but {len(header)} columns")
        yield _utterance(path, number, cells[header.index("text")], cells[header.index(label)])


def _pairs(folder: Path) -> Iterator[Utterance]:
    """seq.in holds one utterance a line, label its intent."""
    texts, labels = _find(folder / "seq.in"), _find(folder / "label")
    if texts is None or labels is None:
        raise NotFoundError(f"{folder} must hold the files seq.in and label.")
    said, meant = list(_lines(texts)), list(_lines(labels))
    if len(said) != len(meant):
        raise InvalidInputError(f"{texts} has {len(said)} lines, but {labels} has {len(meant)}.")
    for (number, text), (_, label) in zip(said, meant, strict=True):
        yield _utterance(texts, number, text, label)


def _clinc(path: Path) -> IntentData:
    """CLINC150: `train`, `val`, `test` and `oos_...` hold [text, intent]; the out-of-scope training sentences serve
    as proxies.
    """
    try:
        splits = json.loads("\n".join(line for _, line in _lines(path)))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} is not JSON ({error}).") from None
    if not isinstance(splits, dict) or "train" not in splits:
        raise InvalidInputError(f"{path} must be an object with a list 'train' of [text, intent].")
    parts = {name: _split(path, name, splits.get(name, [])) for name in ("train", "val", "test")}
    outside = {
        name: tuple(u.text for u in _split(path, f"oos_{name}", splits.get(f"oos_{name}", []))) for name in parts
    }
    return IntentData(
        train=parts["train"], proxies=outside["train"], validation=parts["val"], outside=outside["val"],
        test=parts["test"], test_outside=outside["test"],
    )  # fmt: skip


def _split(path: Path, name: str, rows: Any) -> tuple[Utterance, ...]:
    if not isinstance(rows, list):
        raise InvalidInputError(f"{path}: {name!r} must be a list.")
    for number, row in enumerate(rows):
        if not (isinstance(row, list) and len(row) == 2 and all(isinstance(c, str) and c.strip() for c in row)):
            raise InvalidInputError(f"{path}: {name}[{number}] must be [text, intent], not {row!r:.80}.")
    return tuple(Utterance(text.strip(), intent) for text, intent in rows)
