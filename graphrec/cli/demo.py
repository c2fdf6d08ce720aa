"""`graphrec demo`: the whole line on the shipped data, from files to answers."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli import render
from graphrec.cli.train import flat

if TYPE_CHECKING:
    from graphrec.nlu import Recommender
    from graphrec.store import GraphStore

REQUEST = "chicken recipes without nuts under an hour"
SECOND_REQUEST = "vegetarian main dish, no dairy"
NEWCOMER = "somebody-new"
NOODLE_FAN = "noodle-fan"
NEW_DISH = {
    "identifier": "khao-soi-with-mushrooms", "name": "Khao Soi with Mushrooms", "recipeCuisine": "Thai",
    "recipeCategory": "main dish", "totalTime": "PT40M",
    "recipeIngredient": [
        "8 oz egg noodles", "1 can coconut milk", "2 tbsp red curry paste", "8 oz oyster mushrooms",
        "1 tbsp fish sauce", "2 shallots", "1 lime",
    ],
}  # fmt: skip
UTTERANCES = (
    "something quick with salmon, but my daughter is allergic to nuts",
    "what can i use instead of butter",
    "i don't like mushrooms",
    "vegan thai curry",
    "who won the match last night",
)
CONVERSATION = ("thai noodles please", "something quicker", "I'm allergic to peanuts", "yes", "thai noodles please")
_SHOWN_METRICS = ("recall@20", "ndcg@20")


def demo(
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where the store and the model go; kept afterwards.")
    ] = Path("graphrec-demo"),
) -> None:
    """Import the shipped dishes and simulated users, train, recommend, understand what is said."""
    # Before torch loads: on matrices as small as the demo's a second thread costs more than it brings.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from graphrec.store import GraphStore

    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'demo.db'}"
    bundle = folder / "ckgat"
    with GraphStore.open(url) as store:
        _import(store)
        _train(store, bundle)
        _recommend(store, bundle)
        _understand(bundle, folder / "nlu")
        _talk(store, bundle, folder / "nlu")
    _what_next(url, bundle, folder / "nlu")


def _import(store: GraphStore) -> None:
    from graphrec.datasets.demo import import_demo

    _heading("1. Import: 566 real dishes and what 800 simulated users did with them")
    for name, report in import_demo(store):
        print(f"   {name}: {report.imported:,} rows in {report.seconds:.1f} s")
    info = store.info()
    print(f"   one graph: {info['total_nodes']:,} nodes, {info['total_edges']:,} edges, ", end="")
    print(f"{info['total_interactions']:,} interactions")


def _train(store: GraphStore, bundle: Path) -> None:
    import time

    from graphrec.training import train_from_store

    _heading("2. Train C-KGAT on it")
    started = time.perf_counter()
    metrics = train_from_store(
        store, model="ckgat", out=bundle, config=None, overrides=(), seed=0, device="cpu", progress=True
    )
    print(f"   trained in {time.perf_counter() - started:.0f} s; on interactions held out from it before:")
    for name, value in flat(metrics).items():
        if isinstance(value, float) and name.rpartition(".")[2] in _SHOWN_METRICS:
            print(f"   {name} {value:.3f}")


def _recommend(store: GraphStore, bundle: Path) -> None:
    from graphrec import Recommender

    recommender = Recommender.load(bundle, store=store)
    user = busiest_user(store)
    cooked = list(dict.fromkeys(entry.item for entry in store.history(user) if entry.kind == "cook"))
    _heading(f"3. Recommend to {user}, who cooked {len(cooked)} dishes, lately {', '.join(cooked[-4:])}")
    render.print_answer(recommender.recommend(user, k=5, explain=True))
    for number, request in enumerate((REQUEST, SECOND_REQUEST), start=4):
        _heading(f'{number}. The same user asks: "{request}"')
        render.print_answer(recommender.recommend(user, request=request, k=5, explain=True))
    _newcomer(recommender)
    _new_dish(store, recommender)


def _newcomer(recommender: Recommender) -> None:
    _heading(f'6. {NEWCOMER}, whom the model has never seen, asks: "thai noodles"')
    render.print_answer(recommender.recommend(NEWCOMER, request="thai noodles", k=5, explain=True))


def _new_dish(store: GraphStore, recommender: Recommender) -> None:
    import json
    import tempfile

    from graphrec.store.importers import import_recipes

    _heading(f"7. {NEW_DISH['name']} is imported while the recommender runs; nothing is trained again")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.jsonl"
        file.write_text(json.dumps(NEW_DISH) + "\n", encoding="utf-8")
        import_recipes(store, file)
    for item in ("pad-thai", "tom-yum-goong", "green-curry-with-chicken"):
        store.record(NOODLE_FAN, item, kind="cook")
    print(f"   {NOODLE_FAN}, as new, has just cooked three Thai dishes and asks: \"noodles\"")
    render.print_answer(recommender.recommend(NOODLE_FAN, request="noodles", k=5, explain=True))


def _understand(bundle: Path, out: Path) -> None:
    import time

    from graphrec import Recommender
    from graphrec.cli.nlu import train_model
    from graphrec.datasets.demo import demo_data
    from graphrec.nlu.pipeline import Pipeline

    _heading("8. Learn what people say in a kitchen, from an editable list of sentences")
    started = time.perf_counter()
    model = train_model(demo_data() / "nlu" / "recipes.toml")
    model.save(out)
    print(f"   {len(model.intents)} intents in {time.perf_counter() - started:.0f} s", end="")
    print(f", {model.report['accuracy']:.0%} of held-out sentences right (encoder: {model.encoder.name})")
    _heading("9. Understand a few utterances")
    pipeline = Pipeline(model, Recommender.load(bundle).parser)
    rows = []
    for text in UTTERANCES:
        result = pipeline.understand(text)
        found = [f"{'not ' * (s.polarity < 0)}{s.raw}" for s in result.slots if s.node or s.type == "duration"]
        intent = result.intent.name if result.intent else "(out of scope)"
        rows.append((text, intent, ", ".join(dict.fromkeys(found))))
    render.print_table("", ("said", "intent", "linked"), rows)


def _talk(store: GraphStore, bundle: Path, intents: Path) -> None:
    from graphrec.nlu.dialogue import SessionStore
    from graphrec.nlu.handler import RecipeRequestHandler

    _heading(f"10. {NEWCOMER} talks to it")
    handler = RecipeRequestHandler.load(bundle, intents, store=store, sessions=SessionStore())
    for text in CONVERSATION:
        answer = handler.handle({"text": text, "user": NEWCOMER, "session": "demo"})
        print(f"   > {text}\n     {answer['speech']}")


def busiest_user(store: GraphStore) -> str:
    """The user with the most interactions; ties go to the first id."""
    import numpy as np

    ids, rows = store.read_nodes(store.user_type), store.read_interactions()
    counts = np.bincount(rows.user)
    position = ids[0].tolist().index(int(counts.argmax()))
    return str(ids[1][position])


def _heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def _what_next(url: str, bundle: Path, intents: Path) -> None:
    model, store, nlu = shlex.quote(str(bundle)), shlex.quote(url), shlex.quote(str(intents))
    _heading("Go on with it:")
    print(f"   graphrec recommend --model {model} --store {store} --user u042 --must cuisine:thai --explain")
    print(f"   graphrec record --store {store} --user u042 --item pad-thai --type cook")
    print(f"   graphrec similar --model {model} --item tom-kha-gai")
    print(f'   graphrec nlu parse --model {nlu} --bundle {model} "thai soup without shrimp under half an hour"')
