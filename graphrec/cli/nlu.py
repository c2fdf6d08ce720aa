"""`graphrec nlu`: train an intent model, and see what is made of an utterance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from graphrec.cli import discover, render
from graphrec.cli.options import Json

if TYPE_CHECKING:
    from graphrec.nlu import Recommender
    from graphrec.nlu.intents import IntentModel
    from graphrec.nlu.result import NLUResult
    from graphrec.ranking.query import GraphQuery

app = typer.Typer(no_args_is_help=True, help="Understand utterances: intents, slots, new intents.")

app.command("discover")(discover.discover)

Encoder: TypeAlias = Annotated[
    str | None,
    typer.Option("--encoder", metavar="NAME|PATH", help="minilm, ngrams or a model folder (the best installed)."),
]


@app.command()
def train(
    data: Annotated[
        Path, typer.Option("--data", metavar="FILE", help="Intents (.toml, .jsonl, .json, .tsv) or a folder.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the model to write.")],
    encoder: Encoder = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="DIR", help="Fill the templates with names of this bundle's catalogue."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the folds that choose the settings.")] = 0,
    as_json: Json = False,
) -> None:
    """Learn intents from utterances and write a model: weights, threshold, figures, a card."""
    model = train_model(data, encoder=encoder, bundle=bundle, seed=seed)
    model.save(out)
    figures: dict[str, Any] = {"encoder": model.encoder.name, "intents": len(model.intents), **model.report}
    if as_json:
        render.emit_json({"model": str(out), **figures})
    else:
        render.print_table(f"Intents in {out}", ("figure", "value"), list(figures.items()))


def train_model(
    data: Path, *, encoder: str | None = None, bundle: Path | None = None, seed: int = 0
) -> IntentModel:
    """A model from a file of utterances; the steps are told on stderr.

    Args:
        data: see :func:`graphrec.nlu.intents.read_intents`.
        encoder: name or folder; None takes the best one installed.
        bundle: its catalogue fills the templates.
        seed: of the folds.
    """
    from graphrec.encoders import find_encoder, for_classes
    from graphrec.nlu.intents import read_intents, train_intents
    from graphrec.nlu.intents.values import catalogue_values

    values = None
    if bundle is not None:
        from graphrec.bundle import read_bundle

        values = catalogue_values(read_bundle(bundle).catalogue)
    utterances = read_intents(data, values)
    found = for_classes(find_encoder(encoder), utterances.texts)
    render.say(
        f"Learning {len(utterances.intents)} intents from {len(utterances.train):,} utterances and "
        f"{len(utterances.proxies):,} that fit none."
    )
    return train_intents(utterances, found, seed)


@app.command()
def parse(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was said.")],
    model: Annotated[
        Path, typer.Option("--model", metavar="DIR", help="Folder of an intent model (graphrec nlu train).")
    ],
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="DIR", help="Link foods and cuisines to this bundle's catalogue."),
    ] = None,
    encoder: Encoder = None,
    as_json: Json = False,
) -> None:
    """Say which intent an utterance has and, with a bundle, what its words link to and which query results."""
    from graphrec.nlu.formats.native import result_to_json
    from graphrec.nlu.intents import IntentModel

    chosen = None
    if encoder is not None:
        from graphrec.encoders import find_encoder

        chosen = find_encoder(encoder)
    intents = IntentModel.load(model, chosen)
    recommender = _recommender(bundle)
    result = understand(intents, recommender, text)
    query = None if recommender is None else _query(recommender, result)
    if as_json:
        shown = result_to_json(result)
        render.emit_json(shown if query is None else {**shown, "query": query.to_json()})
        return
    print_result(result)
    if query is not None:
        render.say(f"Query: {render.understood_line(query.to_json()) or 'nothing is asked for'}")


def understand(model: IntentModel, recommender: Recommender | None, text: str) -> NLUResult:
    """What is made of an utterance; without a catalogue no words are linked."""
    from graphrec.nlu.lexicon import Lexicon
    from graphrec.nlu.parser import RequestParser
    from graphrec.nlu.pipeline import Pipeline

    parser = RequestParser(Lexicon(())) if recommender is None else recommender.parser
    return Pipeline(model, parser).understand(text)


def print_result(result: NLUResult) -> None:
    """Intent and slots as tables; what could not be understood goes to stderr."""
    ranking = [result.intent, *result.alternatives] if result.intent else list(result.alternatives)
    if result.intent is None:
        render.say("Out of scope: it fits none of the known intents.")
    rows = [(intent.name, "" if intent.confidence is None else intent.confidence) for intent in ranking]
    render.print_table(f"Intent{_of(result.domain)}", ("intent", "confidence"), rows)
    linked = [slot for slot in result.slots if slot.node or isinstance(slot.value, float)]
    if linked:
        cells = [
            (("not " if s.polarity < 0 else "") + s.name, s.raw or "", f"{s.operator} {s.node or s.value}")
            for s in linked
        ]
        render.print_table("Slots", ("slot", "said", "means"), cells)


def _of(domain: str | None) -> str:
    return f" (domain {domain})" if domain else ""


def _recommender(bundle: Path | None) -> Recommender | None:
    if bundle is None:
        return None
    from graphrec.nlu import Recommender

    return Recommender.load(bundle)


def _query(recommender: Recommender, result: NLUResult) -> GraphQuery:
    from graphrec.nlu.adapter import Adapter

    return Adapter.of(recommender).plan(result).query
