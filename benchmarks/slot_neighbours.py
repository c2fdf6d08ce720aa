"""Are the nodes offered for an unknown food near to it, and is nothing offered for words that are no food?

    OMP_NUM_THREADS=1 python benchmarks/slot_neighbours.py [--work DIR] [--encoders minilm ngrams]

Unknown foods are those of the shipped taxonomy that a catalogue has no node for: nothing in the catalogue is called so,
and the taxonomy says what is near: the kinds of it, what it is a kind of, and what shares a parent with it. Other words
are those of CLINC150's utterances outside the kitchen that neither link nor stand in the list of ordinary words (which
are never looked up). Both are split in halves by their digest. On the first half of the demo's catalogue each encoder's
floor is chosen: the lowest one at which at most 5 % of the other words are offered something and at least three of four
offers hold a relative. The second half, and the foods that the recipes catalogue lacks, are looked at once. In service
the taxonomy's relatives are offered first; here its foods stand in for those that it does not know.

hit@1, hit@3: of the foods that something is offered for, those with a relative first, and among the first three;
offered: share of the foods; false: share of the other words. `apart` are the foods that share no word with any
relative, where the meaning has to do it alone. Character n-grams and chance stand beside MiniLM.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import gzip
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _clinc import DOMAINS, FILE
from _common import need_data, print_table, read_results, write_results
from _recipe_store import recipe_store

from benchmarks._gold_requests import demo_catalogue
from graphrec.bundle import Catalogue
from graphrec.encoders import Encoder, find_encoder
from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.naming import ordinary_words
from graphrec.nlu.neighbours import FLOOR, Neighbours, _offered
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.tokens import tokenize

FALSE, RIGHT = 0.05, 0.75
LATENCY = 300


@dataclass
class World:
    """A catalogue with foods that it lacks, and what each is near to."""

    lexicon: Lexicon
    foods: list[tuple[str, set[str]]]

    @classmethod
    def of(cls, catalogue: Catalogue) -> World:
        lexicon = Lexicon.from_catalogue(catalogue)
        taxonomy = lexicon.taxonomy
        ids = [ref.id for ref, _ in lexicon.nodes_of("ingredient")]
        parents = {name: set(taxonomy.is_a.get(taxonomy.canonical(name), ())) for name in ids}
        foods = []
        for name in sorted(taxonomy.is_a):
            entry, own = lexicon.lookup(name), set(taxonomy.is_a[name])
            if entry is not None and entry.refs:
                continue
            above = taxonomy.kinds(name)
            near = {i for i in ids if parents[i] & own or i in above or name in taxonomy.kinds(i)}
            if near:
                foods.append((name, near))
        return cls(lexicon, foods)


def half(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0] % 2


def other_words(lexicon: Lexicon, most: int = 2_000) -> list[str]:
    """Words that are no food, from what people ask banks and cars."""
    with gzip.open(need_data(FILE), "rt", encoding="utf-8") as file:
        data = json.load(file)
    kitchen = frozenset(DOMAINS["kitchen_and_dining"])
    texts = [text for part in ("train", "val", "test") for text, intent in data[part] if intent not in kitchen]
    taxonomy = lexicon.taxonomy
    named = {word for name in (*taxonomy.is_a, *taxonomy.aliases) for word in name.split()}
    words = {
        token.word
        for text in texts
        for token in tokenize(text)
        if token.word.isalpha() and len(token.word) > 2 and token.word not in STOPWORDS
        and token.word not in ordinary_words() and token.lemma not in named
        and lexicon.lookup(token.lemma) is None
    }  # fmt: skip
    return sorted(words, key=lambda word: hashlib.sha256(word.encode()).digest())[:most]


@dataclass
class Scores:
    """Cosines of foods and other words to every node."""

    names: list[str]
    foods: list[tuple[str, set[str]]]
    food: Any
    other: Any

    @classmethod
    def of(cls, world: World, encoder: Encoder, other: Sequence[str], part: int | None) -> Scores:
        nodes, names = _offered(world.lexicon)
        vectors = np.asarray(encoder.encode(names))
        foods = [(name, near) for name, near in world.foods if part is None or half(name) == part]
        words = [word for word in other if part is None or half(word + "w") == part]
        food = np.asarray(encoder.encode([name for name, _ in foods])) @ vectors.T
        return cls([ref.id for ref in nodes], foods, food, np.asarray(encoder.encode(words)) @ vectors.T)

    def floor(self) -> float:
        """The lowest, in hundredths, at which few other words and mostly relatives are offered."""
        for floor in np.arange(0.3, 1.0, 0.01):
            found = self.figures(float(floor))
            if found["false"] <= FALSE and found["hit@3"] >= RIGHT:
                return round(float(floor), 2)
        return 1.0

    def figures(self, floor: float) -> dict[str, float]:
        order = np.argsort(-self.food, axis=1, kind="stable")[:, :3]
        right = np.array(
            [[self.names[n] in near for n in row] for row, (_, near) in zip(order, self.foods, strict=True)]
        )
        right &= np.take_along_axis(self.food, order, 1) >= floor
        offered = self.food.max(axis=1) >= floor
        apart = np.array([not any(set(name.split()) & set(n.split()) for n in near) for name, near in self.foods])
        return {
            "foods": len(self.foods), "offered": float(offered.mean()), "hit@1": float(right[offered, 0].mean()),
            "hit@3": float(right[offered].any(axis=1).mean()), "false": float((self.other.max(axis=1) >= floor).mean()),
            "apart": int(apart.sum()), "apart offered": float(offered[apart].mean()),
            "apart hit@3": float(right[offered & apart].any(axis=1).mean()),
            "chance@1": float(np.mean([len(near) / len(self.names) for _, near in self.foods])),
        }  # fmt: skip


def latency(world: World, encoder: Encoder, words: Sequence[str]) -> dict[str, float]:
    """Milliseconds of an utterance, and how many of them suggestions add: where all links, and with one or three
    unknown words. Processor time too, for other programs make wall times longer.
    """
    near = Neighbours.of(world.lexicon, encoder)
    assert near is not None
    parser = RequestParser(world.lexicon)
    plain, offering = Pipeline(None, parser), Pipeline(None, parser, neighbours=near)
    linked = [f"{a} recipes with {b}" for a in ("chicken", "rice", "beef") for b in ("garlic", "onion", "tomato")]
    triples = list(zip(*[iter(words)] * 3, strict=False))[:LATENCY]

    def timed(pipeline: Pipeline, texts: Sequence[str]) -> dict[str, list[float]]:
        out: dict[str, list[float]] = {"wall": [], "processor": []}
        for text in texts:
            wall, processor = time.perf_counter(), time.process_time()
            pipeline.understand(text)
            out["processor"].append(1e3 * (time.process_time() - processor))
            out["wall"].append(1e3 * (time.perf_counter() - wall))
        return out

    found: dict[str, float] = {}
    alone = []
    for number in range(50):
        started = time.process_time()
        encoder.encode([f"show me {number} soups with rice please"])
        alone.append(1e3 * (time.process_time() - started))
    found["one utterance through the encoder, processor p50"] = float(np.median(alone))
    for name, texts in (
        ("linked", linked * 25), ("one unknown", [f"chicken recipes with {w}" for w in words[:LATENCY]]),
        ("three unknown", [f"chicken recipes with {a}, {b}, {c}" for a, b, c in triples]),
    ):  # fmt: skip
        timed(plain, texts[:20])
        timed(plain, texts)  # what spelling remembers of a word is not to be counted for either
        before, after = timed(plain, texts), timed(offering, texts)
        for clock, share in product(("wall", "processor"), (50, 99)):
            high = float(np.percentile(after[clock], share))
            found[f"{name}, {clock} p{share}"] = high
            found[f"{name}, {clock} p{share} added"] = high - float(np.percentile(before[clock], share))
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--encoders", nargs="+", default=["minilm", "ngrams"])
    arguments.add_argument("--parts", nargs="+", default=["offers", "latency"])
    arguments.add_argument("--work", type=Path, help="keeps the store of the recipes catalogue between runs")
    options = arguments.parse_args()
    results = read_results("slot_neighbours")
    with tempfile.TemporaryDirectory() as folder:
        demo = World.of(demo_catalogue(Path(folder)))
        other = other_words(demo.lexicon)
        if "offers" in options.parts:
            recipes = World.of(recipes_catalogue(options.work or Path(folder) / "recipes"))
            results["offers"] = offers(demo, recipes, other, options.encoders)
    if "latency" in options.parts:
        results["latency"] = latency(demo, find_encoder("minilm"), [word for word in other if len(word) > 3])
        print({name: round(value, 2) for name, value in results["latency"].items()})
    write_results("slot_neighbours", results)


def offers(demo: World, recipes: World, other: Sequence[str], encoders: Sequence[str]) -> dict[str, Any]:
    """Figures of each encoder at the floor that it is given."""
    strange = other_words(recipes.lexicon)
    results: dict[str, Any] = {"false_at_most": FALSE, "other_words": len(other), "shipped_floor": FLOOR}
    results["encoders"] = {}
    rows = []
    for name in encoders:
        encoder = find_encoder(name)
        chosen = Scores.of(demo, encoder, other, 0)
        floor = chosen.floor()
        parts = {"choosing": chosen, "test": Scores.of(demo, encoder, other, 1)}
        parts["recipes"] = Scores.of(recipes, encoder, strange, None)
        figures = {part: scores.figures(floor) for part, scores in parts.items()}
        results["encoders"][name] = {"floor": floor, **figures}
        rows += [[name, part, floor, *row.values()] for part, row in figures.items()]
    print_table("unknown foods", ["encoder", "part", "floor", *figures["test"]], rows)
    return results


def recipes_catalogue(work: Path) -> Catalogue:
    """The catalogue of the recipe data."""
    from graphrec.ranking.catalogue_from_snapshot import build_catalogue
    from graphrec.store import write_snapshot

    with recipe_store(need_data("recipes"), work) as store:
        return build_catalogue(write_snapshot(store, work / "snapshots"))


if __name__ == "__main__":
    main()
