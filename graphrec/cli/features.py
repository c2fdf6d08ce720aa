"""`graphrec features`: vectors of nodes that any model can take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli import render
from graphrec.cli.features_progress import StageLine, duration
from graphrec.cli.options import Json
from graphrec.cli.train import Device
from graphrec.errors import ConfigError, InvalidInputError

if TYPE_CHECKING:
    from graphrec.encoders.feature_set import FeatureSet
    from graphrec.text.giant_config import GiantConfig

app = typer.Typer(no_args_is_help=False, help="Make features of nodes from their texts and neighbours.")


@app.callback()
def _group() -> None:
    """Make features of nodes from their texts and neighbours."""


@app.command("giant")
def giant(
    store: Annotated[
        str | None, typer.Option("--store", metavar="URL", help="The graph store, e.g. sqlite:///recipes.db.")
    ] = None,
    node_type: Annotated[
        str, typer.Option("--node-type", metavar="TYPE", help="Nodes of the store that get features.")
    ] = "recipe",
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="A,B",
            help="Texts of a node: name, text properties, relations. Name, ingredients, instructions and "
            "description by default, as far as there are any.",
        ),
    ] = None,
    edges: Annotated[
        list[str] | None,
        typer.Option(
            "--edges", metavar="KIND",
            help="Neighbours: relation:NAME, shared:NAME[,NAME] or interactions; repeatable. By default all but "
            "interactions, which a model is tested on.",
        ),
    ] = None,
    ogb: Annotated[
        str | None, typer.Option("--ogb", metavar="NAME", help="An OGB data set in place of a store.")
    ] = None,
    root: Annotated[
        Path, typer.Option("--root", metavar="DIR", help="Folder of the OGB data sets.")
    ] = Path("dataset"),
    text_table: Annotated[
        list[Path] | None,
        typer.Option(
            "--text-table", metavar="FILE",
            help="Texts of the OGB data set: titleabs.tsv.gz, trn.json.gz and tst.json.gz (repeat the option), or "
            "a .txt with one per node.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder to write; with --ogb, `giant` in the data set's."),
    ] = None,
    encoder: Annotated[
        Path | None,
        typer.Option("--encoder", metavar="DIR", help="A local encoder; the packaged MiniLM by default."),
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="small, ogbn-arxiv or ogbn-products.")
    ] = "small",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE.toml", help="Settings that change the preset.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; repeatable.")
    ] = None,
    leave_out: Annotated[
        Path | None,
        typer.Option(
            "--leave-out", metavar="FILE",
            help="Ids, one a line, of nodes that the training must not know (strict cold start).",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of order, dropout and negatives.")] = 0,
    device: Annotated[
        Device, typer.Option("--device", help="auto takes a GPU when there is one.")
    ] = Device.auto,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on from what a killed run left in OUT.work.")
    ] = True,
    as_json: Json = False,
) -> None:  # fmt: skip
    """GIANT-XRT: tune a text encoder to predict each node's neighbours, and embed all nodes with it."""
    if (store is None) == (ogb is None):
        raise InvalidInputError("Name a graph: either --store URL or --ogb NAME.")
    _check_options(store, {"--text": text, "--edges": edges}, {"--text-table": text_table})
    settings = _settings(preset, config, overrides or (), seed)
    common: dict[str, Any] = {"encoder": encoder, "device": device.value, "resume": resume}
    left_out = _lines(leave_out)
    if store is not None:
        if out is None:
            raise InvalidInputError("Name the folder to write with --out DIR.")
        fields = [field.strip() for field in (text or "").split(",") if field.strip()]
        found = _of_store(store, out, settings, node_type, fields, edges or (), left_out, common)
    else:
        assert ogb is not None
        found = _of_ogb(ogb, root, text_table or (), out, settings, left_out, common)
    _show(found, as_json)
    for sentence in found.manifest.limits:
        render.say(sentence)


@app.command("info")
def info(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of features.")],
    as_json: Json = False,
) -> None:
    """What a folder of features holds; every checksum is verified."""
    from graphrec.encoders.feature_set import FeatureSet

    _show(FeatureSet.load(folder), as_json)


def _check_options(store: str | None, of_store: dict[str, Any], of_ogb: dict[str, Any]) -> None:
    """What would be passed over in silence is an error."""
    for name, value in (of_ogb if store is not None else of_store).items():
        if value:
            raise InvalidInputError(
                f"{name} does not belong to {'--store' if store is not None else '--ogb'}."
            )


def _of_store(
    store: str, out: Path, settings: GiantConfig, node_type: str, fields: list[str], kinds: Any,
    left_out: list[str], common: dict[str, Any],
) -> FeatureSet:  # fmt: skip
    from graphrec.store import GraphStore
    from graphrec.store.snapshot_write import prune_snapshots, write_snapshot
    from graphrec.text.giant_store import giant_from_snapshot
    from graphrec.text.store_graph import INTERACTIONS, default_kinds
    from graphrec.training.from_store import snapshot_folder

    with GraphStore.open(store, create=False) as opened, StageLine() as line:
        snapshot = write_snapshot(opened, snapshot_folder(opened, out))
        chosen = tuple(kinds) or default_kinds(snapshot, node_type)
        found = giant_from_snapshot(
            snapshot,
            node_type,
            fields,
            out,
            settings,
            kinds=chosen,
            leave_out=left_out,
            progress=line,
            **common,
        )
        if INTERACTIONS in chosen:  # what users did is in the features: erasing one flags them
            opened.mark_bundle(str(out), snapshot.name)
        prune_snapshots(opened, snapshot_folder(opened, out))
    return found


def _of_ogb(
    name: str, root: Path, tables: Any, out: Path | None, settings: GiantConfig, left_out: list[str],
    common: dict[str, Any],
) -> FeatureSet:  # fmt: skip
    import numpy as np

    from graphrec.ogb.nodes import load_nodes
    from graphrec.text.giant import run_giant
    from graphrec.text.ogb_texts import ogb_texts

    data = load_nodes(name, root)
    between = [found for (a, _, b), found in data.edges.items() if a == b == data.target]
    if not between:
        raise InvalidInputError(f"{name} has no edges between {data.target} nodes to predict.")
    texts = ogb_texts(list(tables), data.num_targets, data.folder)
    without = np.zeros(data.num_targets, bool)
    for node in left_out:
        if not node.isdigit() or int(node) >= len(without):
            raise InvalidInputError(f"{name} has no node {node!r} to leave out; its nodes have numbers.")
        without[int(node)] = True
    edges = between[0] if len(between) == 1 else np.concatenate(between, axis=1)
    with StageLine() as line:
        return run_giant(
            texts, edges, data.num_targets, out or data.folder / "giant", settings, source=f"{name}",
            without=without if left_out else None, progress=line, **common,
        )  # fmt: skip


def _settings(preset: str, config: Path | None, overrides: Any, seed: int) -> GiantConfig:
    from graphrec.text.giant_config import GiantConfig
    from graphrec.training.config import RunConfig, load_settings

    settings, run = load_settings(config, overrides)
    if run != RunConfig():
        raise ConfigError("Tables such as [split] and [request] belong to `graphrec train`, not to features.")
    found = GiantConfig.of(preset, settings)
    if "seed" in settings.get("xr", {}):
        return found
    return GiantConfig.of(preset, {**settings, "xr": {**settings.get("xr", {}), "seed": seed}})


def _lines(path: Path | None) -> list[str]:
    if path is None:
        return []
    from graphrec.text.text_files import lines_of

    return [line.strip() for line in lines_of(path) if line.strip()]


def _show(found: FeatureSet, as_json: bool) -> None:
    about = found.manifest
    if as_json:
        body = about.model_dump(mode="json", exclude={"files", "sha256", "format", "version"})
        render.emit_json({"path": str(found.path), **body, "fingerprint": found.fingerprint})
        return
    rows: list[tuple[str, object]] = [
        ("nodes", f"{about.num_nodes:,}"), ("dimensions", about.dim), ("source", about.source),
        ("encoder", about.encoder), ("pooling", about.pooling),
        ("label tree", " -> ".join(f"{codes:,}" for codes in about.chain)),
        *((name, value) for name, value in about.facts.items() if not isinstance(value, dict)),
        *((f"time: {name}", duration(value)) for name, value in about.seconds.items()),
        ("time in all", duration(sum(about.seconds.values()))),
    ]  # fmt: skip
    rows = [(name, value) for name, value in rows if value not in (None, "")]
    render.print_table(f"{about.method} in {found.path}", ("what", "value"), rows)
