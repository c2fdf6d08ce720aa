"""One understood utterance answered on its own, without a conversation around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from graphrec.nlu.plan import Action, Plan
from graphrec.nlu.result import NLUResult
from graphrec.ranking.answer import Answer
from graphrec.ranking.query import GraphQuery, NodeRef, as_refs, as_requirements

if TYPE_CHECKING:
    from graphrec.nlu.recommender import Recommender

RANKING: frozenset[Action] = frozenset({"recommend", "more", "something_else", "repeat", "start_over"})
"""Actions that ask for a list; without a conversation "more" is the list itself."""
SIMILAR_POOL = 200
"""Most similar items among which the constraints of "something like X, but vegetarian" choose."""


def answer_once(
    recommender: Recommender, result: NLUResult, *, user: str | None = None, must: Iterable[str] = (),
    must_not: Iterable[str] = (), k: int | None = None, explain: bool = False,
) -> tuple[Answer, bool]:  # fmt: skip
    """The answer to an utterance, and whether it asks for a list at all.

    What the plan ranks is ranked strictly: nothing gives way. For everything else (ingredients, cook time,
    preferences, stop) the answer has no items and its note says what was understood; a conversation
    (:class:`graphrec.nlu.handler.RecipeRequestHandler`) answers those.

    Args:
        user: external id; left out, the user that the utterance came with.
        must: `TYPE:VALUE` that has to hold besides.
        must_not: what may not hold besides.
        k: at most this many items; left out, as many as the utterance asks for, or 10.

    Raises:
        InvalidInputError: `must`, `must_not` or `k` cannot be used.
    """
    with recommender.steady():  # read and ranked by one catalogue
        return _answered(recommender, result, user, must, must_not, k, explain)


def _answered(
    recommender: Recommender, result: NLUResult, user: str | None, must: Iterable[str], must_not: Iterable[str],
    k: int | None, explain: bool,
) -> tuple[Answer, bool]:  # fmt: skip
    from graphrec.nlu.adapter import Adapter
    from graphrec.nlu.pipeline import Pipeline

    if result.text and result.intent is None and not result.slots:  # words alone: nobody has understood them yet
        result = Pipeline(None, recommender.parser).understand(result.text, user=result.user)
    plan = Adapter.of(recommender).plan(result, GraphQuery(user=user if user is not None else result.user))
    query = replace(
        plan.query,
        must=plan.query.must + as_requirements(must),
        must_not=plan.query.must_not + as_refs(must_not),
        k=plan.query.k if k is None else k,
    )
    if plan.action in RANKING:
        return recommender.answer(query, explain=explain), True
    if plan.action == "similar" and plan.item is not None:
        return _similar(recommender, plan.item, query), True
    return Answer(query.user, [], query, note=" ".join([understood(plan), *plan.notes])), False


def understood(plan: Plan) -> str:
    """What a plan that ranks nothing was understood as, in a sentence."""
    about = [
        *([f"item {plan.item}"] if plan.item is not None else []),
        *([str(plan.subject)] if plan.subject is not None else []),
        *(f"{taught.kind} {taught.node}" for taught in plan.preferences),
        *([{1: "liked", -1: "not liked"}[plan.feedback]] if plan.feedback is not None else []),
    ]
    said = f"Understood as {plan.action}{': ' if about else ''}{', '.join(about)}."
    return f"{said} There is nothing to recommend."


def _similar(recommender: Recommender, item: str, query: GraphQuery) -> Answer:
    """Items like one, most similar first, of those that the query allows."""
    alike = recommender.similar(item, SIMILAR_POOL)
    item_type = recommender.catalogue.item_type
    wanted = replace(
        query, candidates=tuple(entry.item for entry in alike), k=len(alike), text="",
        should=tuple(ref for ref in query.should if ref != NodeRef(item_type, item)),
    )  # fmt: skip
    allowed = recommender.answer(wanted)
    kept = {entry.item for entry in allowed.items}
    items = [entry for entry in alike if entry.item in kept][: query.k]
    return replace(allowed, items=items, query=replace(allowed.query, candidates=None, k=query.k))
