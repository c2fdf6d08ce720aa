"""The recommender: query, allowed items, scores, the best k, reasons."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import local
from typing import Any, Self, cast

import numpy as np

from graphrec.bundle import Bundle, Catalogue, read_bundle
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.ranking.answer import Answer, RecommendedItem
from graphrec.ranking.cold import user_state
from graphrec.ranking.constraints import allowed_items
from graphrec.ranking.explain import explain
from graphrec.ranking.live import LiveStore, Store, catalogue_title
from graphrec.ranking.memory_term import MemoryTerm
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement, as_refs, as_requirements
from graphrec.ranking.refresh import Live, StoreFollower, tells_changes
from graphrec.ranking.retrieval import top_k
from graphrec.ranking.scoring import Fusion, Scoring
from graphrec.ranking.similar import similarity
from graphrec.ranking.state import ServingState, trained_placer

_QUERY_KEYS = (
    "user", "k", "candidates", "exclude_seen", "must", "must_not", "should", "should_not", "ranges",
)  # fmt: skip
_LINE_KEYS = {*_QUERY_KEYS, "request", "explain"}


class Recommender:
    """Answers requests from a bundle, alone or over a live store. Safe to share between threads.

    Over a store every answer starts with a look at its catalogue's revision: recipes and attributes that were
    imported a moment ago, by whichever process, are in the next answer.

    Args:
        bundle: a trained model.
        store: an open :class:`graphrec.store.GraphStore`; histories, names and the catalogue are then read live.
        fusion: a request scorer in place of the bundle's own. It knows the bundle's items alone, so that new ones
            are not ranked with it.

    Raises:
        BundleMismatchError: bundle and store hold different catalogues.
    """

    def __init__(self, bundle: Bundle, store: Store | None = None, fusion: Fusion | None = None) -> None:
        live = None if store is None else LiveStore(store, bundle)
        state = ServingState.of(bundle, live, fusion)
        follower = None
        if tells_changes(store):
            follower = StoreFollower(bundle, store, None if fusion is not None else trained_placer(bundle))
        self._live = Live(state, follower, lambda extended, before: before.over(extended, fusion))
        self._held = local()

    @property
    def state(self) -> ServingState:
        """All that answers are made of: what this thread holds (:meth:`steady`), else what the last answer knew."""
        held: ServingState | None = getattr(self._held, "state", None)
        return self._live.state if held is None else held

    @property
    def bundle(self) -> Bundle:
        """The bundle over the catalogue of :attr:`state`."""
        return self.state.bundle

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of :attr:`state`."""
        return self.state.bundle.catalogue

    @property
    def live(self) -> LiveStore | None:
        """The store in the bundle's numbering."""
        return self.state.live

    @property
    def fusion(self) -> Fusion | None:
        """The request scorer."""
        return self.state.fusion

    @property
    def memory(self) -> MemoryTerm | None:
        """The reading of newest events."""
        return self.state.memory

    def refresh(self) -> ServingState:
        """The state as the store has it now; the same object where no item and no attribute has changed."""
        with self.steady() as state:
            return state

    @contextmanager
    def steady(self) -> Iterator[ServingState]:
        """Bring the state up to date, then go by it throughout the block, in this thread.

        The words of a request are read, its user's tastes completed and the recipes ranked by one catalogue: what
        is imported in between could otherwise pass an exclusion that named nothing when it was read.
        """
        held: ServingState | None = getattr(self._held, "state", None)
        if held is not None:
            yield held
            return
        self._held.state = self._live.current()
        try:
            yield self._held.state
        finally:
            self._held.state = None

    @classmethod
    def load(cls, directory: Path | str, store: Any | None = None, *, verify: bool = True) -> Self:
        """Open a bundle folder.

        Args:
            store: an open GraphStore, or its URL.
            verify: compare every file with its digest.
        """
        bundle = read_bundle(directory, verify=verify)
        if isinstance(store, str):
            from graphrec.store import GraphStore

            store = GraphStore.open(store, create=False, read_only=True)
        return cls(bundle, cast("Store | None", store))

    def recommend(
        self, user: str | None, *, request: str | None = None, query: GraphQuery | None = None,
        must: Iterable[Requirement | str | Sequence[str | NodeRef]] = (),
        must_not: Iterable[NodeRef | str] = (), should: Iterable[NodeRef | str] = (),
        ranges: Mapping[str, tuple[float | None, float | None]] | None = None, k: int | None = None,
        candidates: Iterable[str] | None = None, exclude_seen: bool | None = None, explain: bool = False,
        should_not: Iterable[NodeRef | str] = (),
    ) -> Answer:  # fmt: skip
        """The best items for a user.

        Args:
            user: external id; an unknown one is answered by the cold-start path.
            request: what they ask for, in words.
            query: a query to start from; the other arguments add to it.
            must: `TYPE:VALUE` strings or refs that must hold; an inner sequence holds when any of it does.
            must_not: those that must not.
            should: wishes.
            ranges: inclusive bounds per numeric property.
            k: at most this many, 10 unless the query says otherwise.
            candidates: external ids to choose from.
            exclude_seen: leave out what the user already interacted with (the default).
            explain: give reasons.
            should_not: what is rather not wanted.
        """
        base = query if query is not None else GraphQuery()
        changes: dict[str, Any] = {
            "user": user if user is not None else base.user,
            "must": base.must + as_requirements(must),
            "must_not": base.must_not + as_refs(must_not),
            "should": base.should + as_refs(should),
            "should_not": base.should_not + as_refs(should_not),
            "ranges": {**base.ranges, **(ranges or {})},
        }
        if k is not None:
            changes["k"] = k
        if candidates is not None:
            changes["candidates"] = tuple(candidates)
        if exclude_seen is not None:
            changes["exclude_seen"] = exclude_seen
        base = replace(base, **changes)
        with self.steady():
            return self.answer(self.understand(request, base) if request else base, explain=explain)

    def understand(self, request: str, base: GraphQuery) -> GraphQuery:
        """Words into a query.

        Here they only reach the trained request scorer; the language layer overrides this.
        """
        return replace(base, text=request)

    def answer(self, query: GraphQuery, *, explain: bool = False) -> Answer:
        """Rank for a query that is understood already."""
        with self.steady() as state:
            user = user_state(state.bundle, state.live, query.user)
            allowed = allowed_items(state.bundle.catalogue, query, user.history.items)
            scoring = Scoring(state.bundle, user, query, allowed.items, state.fusion, state.memory)
            note = " ".join([*([query.note] if query.note else []), *allowed.notes]) or None
            return Answer(query.user, _best(state, scoring, explain), query, user.fallback, note)

    def similar(self, item: str, k: int = 10) -> list[RecommendedItem]:
        """Items most like one, best first.

        Raises:
            NotFoundError: the bundle has no such item.
        """
        with self.steady() as state:
            return self._similar(state, item, k)

    def _similar(self, state: ServingState, item: str, k: int) -> list[RecommendedItem]:
        catalogue = state.bundle.catalogue
        index = catalogue.item_ids.find(item)
        if index is None:
            raise NotFoundError(f"The model {state.bundle.path} has no item {item!r}; check the id.")
        if k < 0:
            raise InvalidInputError(f"k must be a whole number of 0 or more, but {k!r} was given.")
        others = np.delete(np.arange(catalogue.num_items), index)
        scores = similarity(state.bundle, index)[others]
        best = top_k(scores, k, catalogue.item_rank[others])
        return [_item(state, int(others[p]), float(scores[p])) for p in best]

    def batch(self, lines: Iterable[str], *, explain: bool = False) -> Iterator[str]:
        """JSON lines in, JSON lines out, in order and one at a time.

        Raises:
            InvalidInputError: a line that is no request; the message gives its number.
        """
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                answer = self._answer_line(line, explain)
            except (InvalidInputError, TypeError) as error:
                raise InvalidInputError(f"Line {number} of the batch cannot be answered: {error}") from error
            yield _json_line(answer)

    def _answer_line(self, line: str, explain: bool) -> Answer:
        try:
            data = json.loads(line)
        except ValueError as error:
            raise InvalidInputError(f"it is not JSON ({error}).") from error
        if not isinstance(data, dict) or isinstance(data.get("user"), dict | list | bool):
            raise InvalidInputError('it must be an object such as {"user": "u1", "request": "..."}.')
        if data.get("user") is None:
            raise InvalidInputError('it has no "user".')
        query = GraphQuery.from_json({key: data[key] for key in _QUERY_KEYS if data.get(key) is not None})
        ignored = sorted(set(data) - _LINE_KEYS)
        if ignored:
            query = replace(query, note=f"Ignored unknown keys: {', '.join(ignored)}.")
        request = data.get("request")
        return self.recommend(
            query.user, query=query, request=None if request is None else str(request),
            explain=bool(data.get("explain", explain)),
        )  # fmt: skip


def _best(state: ServingState, scoring: Scoring, with_reasons: bool) -> list[RecommendedItem]:
    if scoring.query.k == 0 or (scoring.items is not None and not len(scoring.items)):
        return []
    scores = scoring.final
    rank = state.bundle.catalogue.item_rank
    if scoring.items is not None:
        rank = rank[scoring.items]
    best = top_k(scores, scoring.query.k, rank)
    reasons = explain(scoring, best, state.live) if with_reasons else [()] * len(best)
    items = (_item(state, int(scoring.candidates[p]), float(scores[p])) for p in best)
    return [replace(item, reasons=tuple(why)) for item, why in zip(items, reasons, strict=True)]


def _item(state: ServingState, index: int, score: float) -> RecommendedItem:
    catalogue = state.bundle.catalogue
    return RecommendedItem(catalogue.item_ids[index], score, catalogue_title(catalogue, index, state.live))


def _json_line(answer: Answer) -> str:
    text = json.dumps(answer.to_json(), ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair in the request: escape it as the request did
        return json.dumps(answer.to_json())
    return text
