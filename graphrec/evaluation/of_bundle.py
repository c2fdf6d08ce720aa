"""Evaluating a bundle as it is served: the NumPy scorers, masked by what the bundle was trained on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, History, score_parts
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.evaluation.bundle_scorer import BaseScores, BundleScorer, ServedScorer
from graphrec.evaluation.protocol import evaluate
from graphrec.evaluation.ranking import Scorer
from graphrec.evaluation.result import EvaluationResult
from graphrec.sparse import CSR
from graphrec.store import GraphStore

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
_ITEM_COLUMNS = ("recipe", "item", "item_id", "product")
_USER_COLUMNS = ("user", "user_id")


@dataclass(frozen=True, slots=True)
class BundleEvaluation:
    """A result, and what became of the test rows.

    Args:
        unknown_users: rows of newcomers, whom the bundle was not trained on: they take part.
        unknown_items: rows of items that it does not know: they cannot.
        already_seen: rows that repeat what the bundle was trained on.
    """

    result: EvaluationResult
    rows: int
    unknown_users: int
    unknown_items: int
    already_seen: int

    def to_json(self) -> dict[str, Any]:
        """Metrics, standard errors, slices and the counts of rows."""
        counts = {
            name: getattr(self, name) for name in ("rows", "unknown_users", "unknown_items", "already_seen")
        }
        return {**self.result.to_json(), "test_rows": counts}


def evaluate_bundle(
    bundle: Bundle,
    store: GraphStore,
    *,
    test: Path | None = None,
    ks: Sequence[int] = (10, 20),
    base: BaseScores | None = None,
) -> BundleEvaluation:
    """Full ranking of the bundle's catalogue for the users of a test set.

    Users that the bundle was not trained on take part as newcomers: what the store has of them beside the test
    rows is folded in. Isolation, tail and head are reported for items and users by what the bundle was trained on,
    so newcomers without a history and items added since are the isolated ones.

    Args:
        test: CSV with a header, columns user and recipe (or item); None takes the interactions that the store
            has and the bundle was not trained on.
        base: how a personal score is made when served; the plain sum of the parts when left out, and
            popularity for who has done nothing.

    Raises:
        InvalidInputError: nothing to measure, or a file without the columns.
    """
    pairs = list(read_pairs(test)) if test is not None else list(_stored_pairs(store))
    table = _Table(bundle, store, pairs)
    if not len(table.fresh):
        raise InvalidInputError(_nothing(test, bundle))
    shape = table.seen.shape
    truth = CSR.from_coo(table.fresh // shape[1], table.fresh % shape[1], None, shape)
    scorer: Scorer = BundleScorer(bundle)
    if base is not None or table.newcomers:
        scorer = ServedScorer(base or _plain(bundle), table.seen, bundle.catalogue.num_users)
    result = evaluate(scorer, (table.seen, truth), ks=tuple(ks))
    return BundleEvaluation(result, len(pairs), table.unknown_users, table.unknown_items, table.already_seen)


class _Table:
    """Test rows and histories in one numbering: the bundle's users, then the newcomers of the test set."""

    def __init__(self, bundle: Bundle, store: GraphStore, pairs: Sequence[tuple[str, str]]) -> None:
        catalogue = bundle.catalogue
        ids = dict.fromkeys(user for user, _ in pairs)
        row = {user: found for user in ids if (found := catalogue.user_ids.find(user)) is not None}
        self.newcomers = [user for user in ids if user not in row]
        row |= {user: catalogue.num_users + n for n, user in enumerate(self.newcomers)}
        items = [catalogue.item_ids.find(item) for _, item in pairs]
        known = [(row[u], i) for (u, _), i in zip(pairs, items, strict=True) if i is not None]
        width = catalogue.num_items
        rows, columns = np.array(known, dtype=np.int64).reshape(-1, 2).T
        key = np.unique(rows * width + columns)
        new = set(self.newcomers)
        self.unknown_users = sum(user in new for user, _ in pairs)
        self.unknown_items = sum(item is None for item in items)
        self.seen = _histories(bundle, store, self.newcomers, key)
        self.fresh = np.setdiff1d(key, self.seen.row_index() * width + self.seen.indices)
        self.already_seen = len(key) - len(self.fresh)


def _histories(bundle: Bundle, store: GraphStore, newcomers: Sequence[str], test: Int) -> CSR:
    """What the bundle knows of its users and the store of the others, the test rows left out."""
    history, find = bundle.history, bundle.catalogue.item_ids.find
    rows, columns = [history.row_index().astype(np.int64)], [history.indices.astype(np.int64)]
    ones = np.ones(history.nnz, dtype=np.float32)
    weights = [ones if history.values is None else history.values]
    for place, user in enumerate(newcomers, start=history.shape[0]):
        try:
            entries = [(find(entry.item), entry.weight) for entry in store.history(user)]
        except (NotFoundError, InvalidInputError):  # in the file alone
            continue
        kept = [(item, weight) for item, weight in entries if item is not None]
        items = np.array([item for item, _ in kept], dtype=np.int64)
        free = ~np.isin(place * history.shape[1] + items, test)
        rows.append(np.full(int(free.sum()), place, dtype=np.int64))
        columns.append(items[free])
        weights.append(np.array([weight for _, weight in kept], dtype=np.float32)[free])
    shape = (history.shape[0] + len(newcomers), history.shape[1])
    row, column, weight = np.concatenate(rows), np.concatenate(columns), np.concatenate(weights)
    return CSR.from_coo(row, column, weight, shape, duplicates="max")


def _plain(bundle: Bundle) -> BaseScores:
    """The sum of the parts; popularity for who has done nothing."""
    popularity = bundle.catalogue.popularity.astype(np.float32)

    def base(user: int | None, history: History) -> Float:
        return score_parts(bundle.parts, user, history) if user is not None or len(history) else popularity

    return base


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """`(user, item)` of each row of a CSV file.

    Raises:
        NotFoundError: no such file.
        InvalidInputError: a missing column, or a row without a value; the message gives the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            user, item = (_column(path, reader.fieldnames, names) for names in (_USER_COLUMNS, _ITEM_COLUMNS))
            for row in reader:
                if not row[user] or not row[item]:
                    raise InvalidInputError(f"{path}:{reader.line_num}: a row needs a {user} and a {item}.")
                yield row[user], row[item]
    except FileNotFoundError:
        raise NotFoundError(f"There is no test file {path}; check the path.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{path} is no UTF-8 CSV file: {error}.") from None


def _column(path: Path, header: Sequence[str] | None, names: Sequence[str]) -> str:
    found = next((name for name in names if name in (header or ())), None)
    if found is None:
        raise InvalidInputError(
            f"{path}:1: no column {names[0]!r}; the header is {', '.join(header or ['empty'])}."
        )
    return found


def _stored_pairs(store: GraphStore) -> Iterator[tuple[str, str]]:
    item_type = store.item_type
    if item_type is None:
        return
    users, items = store.read_nodes(store.user_type), store.read_nodes(item_type)
    rows = store.read_interactions()
    user_ids, item_ids = (dict(zip(n[0].tolist(), n[1], strict=True)) for n in (users, items))
    for user, item in zip(rows.user.tolist(), rows.item.tolist(), strict=True):
        yield user_ids[user], item_ids[item]


def _nothing(test: Path | None, bundle: Bundle) -> str:
    if test is not None:
        return f"{test} holds nothing that {bundle.path} knows and was not trained on; nothing to measure."
    return f"The store holds nothing that {bundle.path} was not trained on; give --test FILE.csv."
