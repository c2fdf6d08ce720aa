"""Evaluating a bundle as it is served: the NumPy scorers, masked by what the bundle was trained on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, ItemItemPart, ProfilePart, VectorPart
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.evaluation.protocol import evaluate
from graphrec.evaluation.result import EvaluationResult
from graphrec.sparse import CSR
from graphrec.store import GraphStore

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
_ITEM_COLUMNS = ("recipe", "item", "item_id", "product")
_USER_COLUMNS = ("user", "user_id")


@dataclass(frozen=True, slots=True)
class BundleEvaluation:
    """A result, and the test rows that could not take part.

    Args:
        unknown_users, unknown_items: rows that name somebody or something the bundle does not know.
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


class BundleScorer:
    """A bundle under the contract of evaluation: `score(users)`, float32 `[len(users), num_items]`.

    The same sums as :meth:`graphrec.bundle.Bundle.score_user`, for a block of users in one product per part.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._history = bundle.history.to_scipy()
        self._weights = [
            part.weights.to_scipy() if isinstance(part, ItemItemPart) else None for part in bundle.parts
        ]

    def score(self, users: Int) -> Float:
        """Scores of the bundle's own users by their dense ids."""
        total = np.zeros((len(users), self.bundle.catalogue.num_items), dtype=np.float32)
        for part, weights in zip(self.bundle.parts, self._weights, strict=True):
            scores: Float
            if isinstance(part, VectorPart):
                scores = part.users[users] @ part.items.T
                scores = scores if part.item_bias is None else scores + part.item_bias
            elif isinstance(part, ProfilePart):
                scores = self._by_profile(part, users)
            else:
                rows = self._history[users]
                rows = rows.sign() if part.binary else rows
                scores = (rows.astype(np.float64) @ weights).toarray()
            total += np.float32(part.weight) * np.asarray(scores, dtype=np.float32)
        return total

    def _by_profile(self, part: ProfilePart, users: Int) -> Float:
        rows = self._history[users]
        sizes = np.maximum(np.asarray(rows.sum(axis=1), dtype=np.float32), np.float32(1e-12))
        pooled = np.asarray(rows @ part.keys, dtype=np.float32) / sizes.reshape(-1, 1) ** np.float32(
            part.exponent
        )
        scores: Float = pooled @ part.items.T
        return scores if part.item_bias is None else scores + part.item_bias


def evaluate_bundle(
    bundle: Bundle, store: GraphStore, *, test: Path | None = None, ks: Sequence[int] = (10, 20)
) -> BundleEvaluation:
    """Full ranking of the bundle's catalogue for the users of a test set.

    Args:
        test: CSV with a header, columns user and recipe (or item); None takes the interactions that the store
            has and the bundle was not trained on.

    Raises:
        InvalidInputError: nothing to measure, or a file without the columns.
    """
    pairs = list(read_pairs(test)) if test is not None else list(_stored_pairs(store))
    users = [bundle.catalogue.user_ids.find(user) for user, _ in pairs]
    items = [bundle.catalogue.item_ids.find(item) for _, item in pairs]
    known = [(u, i) for u, i in zip(users, items, strict=True) if u is not None and i is not None]
    rows, columns = np.array(known, dtype=np.int64).reshape(-1, 2).T
    shape = bundle.history.shape
    key = np.unique(rows * shape[1] + columns)
    seen = bundle.history.row_index() * shape[1] + bundle.history.indices
    fresh = np.setdiff1d(key, seen)
    if not len(fresh):
        raise InvalidInputError(_nothing(test, bundle))
    truth = CSR.from_coo(fresh // shape[1], fresh % shape[1], None, shape)
    result = evaluate(BundleScorer(bundle), (bundle.history, truth), ks=tuple(ks))
    return BundleEvaluation(
        result,
        len(pairs),
        sum(u is None for u in users),
        sum(i is None for i in items),
        len(key) - len(fresh),
    )


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
