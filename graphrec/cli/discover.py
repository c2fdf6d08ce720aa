"""`graphrec nlu discover`: what utterances ask for that no intent covers yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli import render
from graphrec.cli.options import Json
from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    from graphrec.nlu.discovery import Discovery


def discover(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Utterances, one a line; or JSON lines with a key text.")
    ],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="INTENTS", help="The known intents (the recipe intents).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.toml", help="Write the proposals as an intents file.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", metavar="NAME|PATH", help="Sentence encoder (the best installed).")
    ] = None,
    smallest: Annotated[int, typer.Option("--smallest", help="Utterances that make an intent.")] = 5,
    everything: Annotated[
        bool, typer.Option("--all", help="Group all utterances, also those that fit a known intent.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of folds, plays and the community search.")] = 0,
    as_json: Json = False,
) -> None:
    """Find new intents and domains in collected utterances: group them, name them, say where they belong."""
    import numpy as np

    from graphrec.encoders import find_encoder
    from graphrec.nlu.discovery import detect, discover, proposals
    from graphrec.nlu.intents.readers import read_intents

    if smallest < 1:
        raise InvalidInputError(f"--smallest is {smallest}; an intent has at least one utterance.")
    texts = read_utterances(file)
    known = read_intents(data or _shipped())
    batch = detect.detect(texts, known, find_encoder(encoder), seed=seed)
    rows = np.arange(len(texts)) if everything else np.flatnonzero(batch.novelty.novel)
    chosen = [texts[row] for row in rows]
    found = discover(chosen, batch.vectors[rows], batch.known, smallest=smallest, seed=seed)
    if out is not None:
        from graphrec.cli.files import replacing

        with replacing(out) as target:
            target.write(proposals.to_toml(found, chosen))
        render.say(f"Wrote {len(found.groups)} proposed intents to {out}.")
    if as_json:
        render.emit_json({"utterances": len(texts), "novel": len(rows), **proposals.to_json(found, chosen)})
    else:
        _print(found, len(texts), len(rows))


def read_utterances(file: Path) -> list[str]:
    """The utterances of a file, without blank lines and exact repetitions.

    Raises:
        InvalidInputError: a line that is no utterance; the message gives its number.
    """
    from graphrec.cli.files import lines_of

    with lines_of(file) as lines:
        if file.suffix == ".jsonl":
            said = [_text_of(file, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
        else:
            said = [line.strip() for line in lines]
    return list(dict.fromkeys(text for text in said if text))


def _text_of(file: Path, number: int, line: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{file}, line {number}: not JSON ({error}).") from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise InvalidInputError(f'{file}, line {number}: an utterance is {{"text": "..."}}.')
    return str(row["text"]).strip()


def _shipped() -> Path:
    from graphrec.datasets.demo import demo_data

    return demo_data() / "nlu" / "recipes.toml"


def _print(found: Discovery, total: int, novel: int) -> None:
    print(f"{novel} of {total} utterances fit no known intent; {len(found.groups)} new intents among them.")
    for group in found.groups:
        where = f"new domain {group.domain}" if group.new_domain else f"domain {group.domain}"
        print(f"{group.name}\t{len(group.members)}\t{where}\t{group.example}")
    if found.leftover:
        print(f"{len(found.leftover)} utterances are alone or in groups too small to propose.")
