"""`graphrec adapt`: learn where labels are, predict in related domains where there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Store
from graphrec.errors import ConfigError, InvalidInputError

if TYPE_CHECKING:
    from graphrec.adapt.config import AdaptConfig
    from graphrec.adapt.from_store import StoreTask
    from graphrec.adapt.store_run import RunOptions
    from graphrec.store import GraphStore

INTERACTIONS = "interactions"


class Method(StrEnum):
    """What aligns the domains; `auto` is GRDA unless its rehearsal gains nothing."""

    auto = "auto"
    grda = "grda"
    source_only = "source_only"
    dann = "dann"
    cdann = "cdann"
    adda = "adda"
    mdd = "mdd"


def adapt(
    store: Store,
    sources: Annotated[
        str | None,
        typer.Option("--sources", metavar="A,B,C", help="Domains whose labels are learned from."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder to write.")] = None,
    node_type: Annotated[str, typer.Option("--node-type", metavar="TYPE", help="Nodes to predict for.")] = "recipe",
    domain: Annotated[
        str,
        typer.Option(
            "--domain", metavar="NAME",
            help="What tells a node's domain: a node type it is joined to, a relation, or a text property.",
        ),
    ] = "cuisine",
    graph: Annotated[
        str,
        typer.Option(
            "--graph", metavar="KIND",
            help="What joins domains: relation:NAME, similarity, similarity:NAME, or borders:FILE / file:FILE with two "
            "names a line.",
        ),
    ] = "similarity",
    label: Annotated[
        str,
        typer.Option(
            "--label", metavar="NAME",
            help="What is predicted: a node type, relation or text property (classes), numbers (fsa,who), health, or "
            "interactions.",
        ),
    ] = "course",
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="DIR", help="With --label interactions: the bundle whose items are adapted."),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option("--features", metavar="DIR", help="Vectors of the nodes (graphrec features), in place of texts."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="A,B", help="Texts that describe a node; name and the usual ones by default."),
    ] = None,
    method: Annotated[Method | None, typer.Option("--method", help="auto unless --set or --config says it.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE.toml", help="Settings of the adaptation.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of networks, batches and held-out nodes.")] = 0,
    seeds: Annotated[int, typer.Option("--seeds", help="Models, with seeds from --seed on; averaged.")] = 1,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Rehearse on hidden sources whether adaptation helps.")
    ] = True,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Afterwards look at the labels of target domains and report scores.")
    ] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Learn labels in some domains (cuisines, regions, shops) and predict them in neighbouring ones that have none."""
    if out is None:
        raise InvalidInputError("Name the folder to write with --out DIR.")
    if seeds < 1:
        raise InvalidInputError(f"--seeds {seeds}: at least one model is needed.")
    raw = _raw(config, overrides or (), method)
    named = _list(sources)
    if label == INTERACTIONS:
        _only_items({"--features": features, "--text": text, "--evaluate": evaluate, "--seeds": seeds > 1})
        if model is None:
            raise InvalidInputError(
                "--label interactions adapts the items of a bundle; name it with --model DIR."
            )
        found = _items(store, model, out, node_type, domain, graph, named, raw, seed, check)
    else:
        if model is not None:
            raise InvalidInputError("--model belongs to --label interactions.")
        if not named:
            raise InvalidInputError("Name the domains to learn from with --sources A,B,C.")
        from graphrec.adapt.config import AdaptConfig
        from graphrec.adapt.from_store import StoreTask
        from graphrec.adapt.store_run import RunOptions
        from graphrec.training.config import validate

        task = StoreTask(
            node_type=node_type, domain=domain, label=label, sources=tuple(named), graph=graph, text=tuple(_list(text)),
            seed=seed,
        )  # fmt: skip
        options = RunOptions(
            seeds=range(seed, seed + seeds),
            check=check,
            fall_back="method" not in raw,
            evaluate=evaluate,
            logs=_log,
        )
        found = _nodes(store, task, features, out, validate(AdaptConfig, raw), options)
    _show(found, as_json)
    for sentence in found["warnings"]:
        render.say(sentence)


def _nodes(
    store: str, task: StoreTask, features: Path | None, out: Path, settings: AdaptConfig, options: RunOptions
) -> dict[str, Any]:
    from graphrec.adapt.from_store import domain_data
    from graphrec.adapt.store_run import adapt_to_folder
    from graphrec.store import GraphStore
    from graphrec.store.snapshot_write import prune_snapshots, write_snapshot
    from graphrec.training.from_store import snapshot_folder

    with GraphStore.open(store, create=False) as opened:
        snapshot = write_snapshot(opened, snapshot_folder(opened, out))
        report = adapt_to_folder(domain_data(snapshot, task, features), out, settings, options)
        prune_snapshots(opened, snapshot_folder(opened, out))
    return {"path": str(out), **report}


def _items(
    store: str, model: Path, out: Path, node_type: str, domain: str, graph: str, sources: Sequence[str],
    raw: dict[str, Any], seed: int, check: bool,
) -> dict[str, Any]:  # fmt: skip
    from graphrec.adapt.config import AdaptConfig
    from graphrec.adapt.item_scorer import ITEM_ADAPT
    from graphrec.adapt.store_domains import domain_graph, find_domains
    from graphrec.adapt.store_values import node_values
    from graphrec.store import GraphStore
    from graphrec.store.snapshot_write import prune_snapshots, write_snapshot
    from graphrec.training.cold_domains import adapt_items
    from graphrec.training.config import validate
    from graphrec.training.from_store import snapshot_folder

    usual = ITEM_ADAPT.model_dump()
    config = validate(AdaptConfig, usual | {key: _over(usual.get(key), value) for key, value in raw.items()})
    with GraphStore.open(store, create=False) as opened:
        snapshot = write_snapshot(opened, snapshot_folder(opened, out))
        if node_type != snapshot.item_type:
            raise InvalidInputError(
                f"Users choose {snapshot.item_type} nodes, not {node_type}; --node-type must be that."
            )
        domains = node_values(snapshot, node_type, domain)
        joined, ids = domain_graph(snapshot, node_type, domains, graph), snapshot.ids(node_type)
        of = {
            ids[node]: domains.names[value] for node, value in enumerate(domains.value.tolist()) if value >= 0
        }
        named = find_domains(snapshot, domains, sources) or None
        with _log("items", config.stop.epochs) as log:
            found = adapt_items(
                model, opened, domain_of=of, graph=joined, out=out, sources=named, config=config, seed=seed,
                check=check, log=log,
            )  # fmt: skip
        _note_users(opened, out)
        prune_snapshots(opened, snapshot_folder(opened, out))
    return found


def _note_users(store: GraphStore, bundle: Path) -> None:
    """The copy holds the users of the bundle that it was made from: erasing one of them flags it."""
    from graphrec.bundle import read_bundle

    written = read_bundle(bundle)
    store.mark_bundle(str(bundle), str(written.manifest["snapshot"]), users=written.catalogue.user_ids)


def _over(usual: Any, given: Any) -> Any:
    """A table of settings over the usual ones."""
    return usual | given if isinstance(usual, dict) and isinstance(given, dict) else given


def _raw(config: Path | None, overrides: Sequence[str], method: Method | None) -> dict[str, Any]:
    """Settings as they were given; no `method` where it is left to the rehearsal."""
    from graphrec.training.config import RunConfig, load_settings

    settings, run = load_settings(config, overrides)
    if run != RunConfig():
        raise ConfigError("Tables such as [split] and [request] belong to `graphrec train`, not to adapt.")
    if method is Method.auto:
        settings.pop("method", None)
    elif method is not None:
        # The baselines as published pass no labels on along the graph.
        settings = ({} if method is Method.grda else {"taught": None}) | settings | {"method": method.value}
    return settings


def _only_items(given: Mapping[str, object]) -> None:
    for name, value in given.items():
        if value:
            raise InvalidInputError(f"{name} does not belong to --label interactions.")


def _list(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _log(title: str, steps: int) -> Any:
    from graphrec.training.run_log import RunLog

    return RunLog(None, epochs=steps, title=title)


def _show(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        render.emit_json(found)
        return
    from graphrec.cli.adapt_table import rows_of

    render.print_table(
        f"adapted in {found.get('path', found.get('bundle'))}", ("what", "value"), rows_of(found)
    )
