"""Requests: held-out choices, each asked for in words made from the chosen recipe's own attributes.

    python benchmarks/request_ranking.py             # two seeds, 3,000 requests each

A request names one or two ingredients, sometimes a cuisine or course, and sometimes what must not be in it; never
the title. The wordings are a group that training never saw. The plain rows get the request as a perfect parse
(the gold query); C-KGAT gets the words alone and has to understand them first. One recipe is right per request;
a rank is counted over the whole catalogue. An answer breaks a constraint when an item in its first ten violates
the gold query.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from _common import mean_sd, print_table, write_results
from numpy.typing import NDArray
from recipes import CKGAT, load_snapshot

from graphrec.bundle import Catalogue, VectorPart
from graphrec.evaluation import Split, random_split
from graphrec.language.fold import tokens
from graphrec.models.registry import create_model
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.phrasing import HELD_OUT
from graphrec.ranking.catalogue_from_snapshot import build_catalogue
from graphrec.ranking.constraints import allowed_items
from graphrec.ranking.query import GraphQuery
from graphrec.training.blend import choose_blend, refit_side
from graphrec.training.config import BlendConfig
from graphrec.training.request_content import build_content
from graphrec.training.request_examples import RequestExample, RequestMaker
from graphrec.training.request_fusion import train_request_fusion

Float = NDArray[np.floating[Any]]
Ranker = Callable[[RequestExample, Float, Float], tuple[Any, Float]]
K = 10


class World:
    """Everything one seed needs: models fitted, the request scorer trained, the test requests made."""

    def __init__(self, snapshot: Any, seed: int, count: int) -> None:
        self.split: Split = random_split(snapshot.interactions, seed=seed, kg=snapshot.knowledge_graph())
        self.catalogue: Catalogue = build_catalogue(snapshot, self.split.train)
        self.seen = self.split.seen("test")
        self.popularity = np.log1p(np.bincount(self.seen.indices, minlength=self.seen.shape[1])).astype(
            np.float32
        )
        first = create_model("ckgat", CKGAT).fit(self.split.train_data(), seed=seed)
        config = BlendConfig()
        blend, choice = choose_blend(first, self.split, config, "recall@20+ndcg@20")
        vectors = next(part.items for part in blend.parts() if isinstance(part, VectorPart))
        valid = self.split.valid
        self.fusion = train_request_fusion(
            self.catalogue, vectors, blend, self.split.seen("valid"), valid.user, valid.item, seed=seed
        )
        everything = self.split.train_data(include_valid=True)
        final = create_model("ckgat", CKGAT | {"epochs": first.best_epoch}).fit(everything, seed=seed)
        self.blend = refit_side(choice, final, everything, config)
        self.ease = create_model("ease", {"ridge": 300.0}).fit(everything)
        self.parser = RequestParser(Lexicon.from_catalogue(self.catalogue))
        rng = np.random.default_rng(10_000 + seed)
        _, test = self.split._reveal("test")  # an evaluation of its own: one request per test row
        users, items = test.row_index(), test.indices.astype(np.int64)
        order = rng.permutation(len(users))
        maker = RequestMaker(self.catalogue, rng, wordings=HELD_OUT, keep_words=True)
        self.examples: list[RequestExample] = []
        for example in maker.examples(users[order], items[order], self.seen):
            self.examples.append(example)
            if len(self.examples) == count:
                break
        self.content = build_content(
            self.catalogue, np.zeros((self.catalogue.num_items, 0), dtype=np.float32)
        )
        self.titles = [set(tokens(title)) for title in self.catalogue.titles]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "graphrec-recipes")
    options = parser.parse_args()
    snapshot = load_snapshot(options.work)
    table: dict[str, list[dict[str, float]]] = {}
    for seed in range(options.seeds):
        world = World(snapshot, seed, options.count)
        for label, ranker in rankers(world).items():
            table.setdefault(label, []).append(measure(world, ranker))
        show(table, f"after seed {seed}")
    show(table, "Requests, test (mean ± sd over seeds)")


def show(table: dict[str, list[dict[str, float]]], title: str) -> None:
    """Print and keep what is known so far."""
    names = list(next(iter(table.values()))[0])
    lines = [[label, *([run[name] for run in runs] for name in names)] for label, runs in table.items()]
    print_table(title, ["answered by", *names], lines)
    summary = {label: {n: mean_sd([run[n] for run in runs]) for n in names} for label, runs in table.items()}
    write_results("request_ranking", {"runs": table, "summary": summary})


def rankers(world: World) -> dict[str, Ranker]:
    """Each way of answering: (example, blend scores, EASE scores) to (items, scores)."""

    def gold(example: RequestExample) -> Any:
        return example.allowed

    def search(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
        everything = np.setdiff1d(np.arange(len(blend)), world.seen.row(example.user))
        return everything, (text_match(world, example) * world.popularity)[everything]

    def popular(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
        return gold(example), world.popularity[gold(example)]

    def ease_only(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
        return gold(example), ease[gold(example)]

    def ease_title(bonus: float) -> Ranker:
        def rank(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
            items = gold(example)
            return items, ease[items] + bonus * title_match(world, example, items)

        return rank

    def blend_only(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
        return gold(example), blend[gold(example)]

    def fused_gold(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
        return fused(world, example, understood(world, example, example.query), blend)

    def whole(example: RequestExample, blend: Float, ease: Float) -> tuple[Any, Float]:
        return fused(world, example, understood(world, example, None), blend)

    return {
        "TF-IDF search x popularity": search,
        "perfect filter, popularity": popular,
        "perfect filter, EASE": ease_only,
        "perfect filter, EASE + title match .02": ease_title(0.02),
        "perfect filter, EASE + title match .05": ease_title(0.05),
        "perfect filter, EASE + title match .1": ease_title(0.1),
        "perfect filter, C-KGAT + EASE": blend_only,
        "perfect filter, trained request scorer": fused_gold,
        "words understood, trained request scorer (graphrec)": whole,
    }


def understood(world: World, example: RequestExample, gold: GraphQuery | None) -> GraphQuery:
    """The parsed request; with `gold`, its constraints and only the words from the parse."""
    parsed = world.parser.parse(example.query.text).query()
    return parsed if gold is None else replace(gold, text=parsed.text)


def fused(world: World, example: RequestExample, query: GraphQuery, blend: Float) -> tuple[Any, Float]:
    """The served path: constraints, personal score, request scorer."""
    history = world.seen.row(example.user)
    allowed = allowed_items(world.catalogue, query, history).items
    items = np.setdiff1d(np.arange(len(blend)), history) if allowed is None else allowed
    assert world.fusion is not None
    return items, world.fusion.adjust(query, example.user, history, items, blend[items])


def text_match(world: World, example: RequestExample) -> Float:
    """Cosine of the request and each recipe in the space of title and ingredient words."""
    known = [
        world.content.words.positions[w]
        for w in tokens(example.query.text)
        if w in world.content.words.positions
    ]
    asked = world.content.word_vectors[known].sum(axis=0)
    return np.asarray(world.content.item_text @ (asked / max(float(np.linalg.norm(asked)), 1e-9)))


def title_match(world: World, example: RequestExample, items: Any) -> Float:
    """Share of the wanted words that stand in the title."""
    wanted = [word for ref in example.query.refs() for word in tokens(ref.id)]
    return np.array([sum(w in world.titles[i] for w in wanted) / max(len(wanted), 1) for i in items])


def measure(world: World, ranker: Ranker) -> dict[str, float]:
    """Hit rate, NDCG and MRR of the chosen recipe, and the share of answers that break a constraint."""
    ranks, broken = [], 0
    for part in np.array_split(np.arange(len(world.examples)), max(1, len(world.examples) // 256)):
        users = np.array([world.examples[i].user for i in part])
        blend, ease = world.blend.score(users), world.ease.score(users)
        for row, number in enumerate(part.tolist()):
            example = world.examples[number]
            items, scores = ranker(example, blend[row], ease[row])
            ranks.append(rank_of(example.chosen, items, scores))
            best = items[np.argsort(-scores, kind="stable")[:K]]
            broken += not set(best.tolist()) <= set(example.allowed.tolist())
    found = np.array(ranks)
    inside = found <= K
    return {
        f"recall@{K}": float(inside.mean()),
        f"ndcg@{K}": float(np.where(inside, 1 / np.log2(found + 1), 0).mean()),
        "mrr": float((1 / found).mean()),
        "broken": broken / len(found),
        "standard_error": float(inside.std() / np.sqrt(len(found))),
    }


def rank_of(item: int, items: Any, scores: Float) -> float:
    """Place of the item among the scored, ties by index; infinite when it is not there."""
    place = int(np.searchsorted(items, item))
    if place >= len(items) or items[place] != item:
        return float("inf")
    return 1.0 + float((scores > scores[place]).sum() + (scores[:place] == scores[place]).sum())


if __name__ == "__main__":
    main()
