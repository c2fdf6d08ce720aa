"""`graphrec recommend` and `graphrec similar`: answers from a bundle, without torch and quick to start."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Model, OptionalStore, TopK
from graphrec.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from graphrec.nlu import Recommender
    from graphrec.nlu.result import NLUResult
    from graphrec.ranking import GraphQuery


def recommend(
    model: Model,
    store: OptionalStore = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="External id of the user.")] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="TEXT", help="What they ask for, in words.")
    ] = None,
    nlu: Annotated[
        Path | None, typer.Option("--nlu", metavar="FILE.json", help="An assistant's request, or a query; - is stdin.")
    ] = None,
    must: Annotated[
        list[str] | None, typer.Option("--must", metavar="TYPE:VALUE", help="Has to hold; repeatable.")
    ] = None,
    must_not: Annotated[
        list[str] | None, typer.Option("--must-not", metavar="TYPE:VALUE", help="May not hold; repeatable.")
    ] = None,
    k: Annotated[int | None, typer.Option("--k", help="At most this many items (10).")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Give reasons.")] = False,
    as_json: Json = False,
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="REQUESTS.jsonl", help="Answer a file of requests.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="ANSWERS.jsonl", help="Where the answers go (stdout).")
    ] = None,
) -> None:
    """Recommend items to a user, or answer a file of requests."""
    from graphrec.nlu.once import answer_once
    from graphrec.nlu.result import NLUResult

    _check_arguments(user, request, nlu, batch, out)
    understood = None if nlu is None else read_understood(nlu)
    recommender = _open(model, store)
    if batch is not None:
        if must or must_not or k is not None:
            raise InvalidInputError(
                "With --batch the limits stand in the requests; leave out --must, --must-not and --k."
            )
        _answer_file(recommender, batch, out, explain)
        return
    limits: dict[str, Any] = {"must": must or (), "must_not": must_not or (), "k": k, "explain": explain}
    ranked = True
    if isinstance(understood, NLUResult):
        answer, ranked = answer_once(recommender, understood, user=user, **limits)
    else:
        answer = recommender.recommend(user, request=request, query=understood, **limits)
    if as_json:
        render.emit_json(answer.to_json())
    else:
        render.print_answer(answer, ranked=ranked)


def similar(
    model: Model,
    item: Annotated[str, typer.Option("--item", metavar="ID", help="External id of the item.")],
    store: OptionalStore = None,
    k: TopK = 10,
    as_json: Json = False,
) -> None:
    """Items most like one."""
    found = _open(model, store).similar(item, k)
    if as_json:
        render.emit_json({"item": item, "items": [entry.to_json() for entry in found]})
    else:
        render.print_items(found)


def read_understood(path: Path) -> GraphQuery | NLUResult:
    """What a file holds, `-` being stdin: a `GraphQuery` as JSON, or an utterance in one of the formats.

    Raises:
        InvalidInputError: something else stands in the file; the message names the file and the field.
    """
    from graphrec.nlu.formats import parse_json, read
    from graphrec.ranking import GraphQuery

    try:
        data = parse_json(_read(path))
        return GraphQuery.from_json(data) if _is_query(data) else read(data)
    except (InvalidInputError, TypeError, ValueError) as error:
        raise InvalidInputError(f"--nlu {path}: {error}") from error


def _is_query(data: Mapping[str, Any]) -> bool:
    """Whether an object is a query already: it has a field that only queries have, or no words to understand."""
    from graphrec.ranking import GraphQuery

    fields = set(GraphQuery.__dataclass_fields__)
    return bool(data.keys() & (fields - {"user", "text"})) or (data.keys() <= fields and "text" not in data)


def _read(path: Path) -> bytes:
    from graphrec.nlu.formats import MAX_BYTES

    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}; check the path.") from None


def _open(model: Path, store: str | None) -> Recommender:
    from graphrec.nlu import Recommender

    return Recommender.load(model, store=store)


def _check_arguments(
    user: str | None, request: str | None, nlu: Path | None, batch: Path | None, out: Path | None
) -> None:
    if batch is not None and (user is not None or request is not None or nlu is not None):
        raise InvalidInputError("--batch answers a file; leave out --user, --request and --nlu.")
    if batch is None and user is None and nlu is None:
        raise InvalidInputError("Say for whom: --user ID, or --batch REQUESTS.jsonl for many.")
    if request is not None and nlu is not None:
        raise InvalidInputError("--request and --nlu are two ways to say one thing; give one of them.")
    if out is not None and batch is None:
        raise InvalidInputError("--out goes with --batch; redirect stdout for a single answer.")


def _answer_file(recommender: Recommender, batch: Path, out: Path | None, explain: bool) -> None:
    from graphrec.cli.files import lines_of, replacing

    with lines_of(batch) as lines:
        answers = recommender.batch(lines, explain=explain)
        if out is None:
            for answer in answers:
                print(answer, flush=str(batch) == "-")  # whoever asks through a pipe waits for it
            return
        with replacing(out) as file:
            count = sum(1 for answer in answers if file.write(f"{answer}\n"))
    render.say(f"Answered {count} requests in {out}.")
