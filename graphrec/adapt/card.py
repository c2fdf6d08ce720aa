"""The README of an adaptation: what a person has to know before using its predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.store.importers.recipe_graph import DERIVED

_KNOWN = (
    "No label of a target domain reached training, the choice of settings or the number of epochs.",
    "Inputs of target domains did: a domain that comes later needs a new adaptation.",
    "A label that occurs in no source domain is never predicted.",
)
_DERIVED = (
    "Where a recipe did not name this label, the import had read it from its text, and the store does not tell which: "
    "there the predictor learns the import's guess."
)


def adaptation_card(report: Mapping[str, Any]) -> str:
    """Markdown text of the card.

    Args:
        report: what :func:`graphrec.adapt.store_run.adapt_to_folder` returns.
    """
    task = report["task"]
    sources = [row["domain"] for row in report["domains"] if row["source"]]
    targets = [row["domain"] for row in report["domains"] if not row["source"]]
    blocks = [
        f"# {task['label']} of {task['node_type']} nodes, learned in {_few(sources)}",
        f"Predicts {_few(report['outputs'], 12)} for {task['node_type']} nodes of {len(targets)} domains "
        f"({task['domain']}) from labels of {len(sources)} others, over the domain graph `{task['graph']}`. "
        f"Method: {report['method']}; inputs: {report['counts']['inputs']}; snapshot `{report['snapshot']}`.",
        "![domain graph](domain_graph.svg)",
        "## Use\n\n`predictions.jsonl` holds one line per node of a target domain. For nodes that come later:\n\n"
        f"```python\n{_usage(report)}```",
        _held_out(report),
    ]
    if report["targets"] is not None:
        blocks.append(_targets(report))
    if report["check"] is not None:
        blocks.append(_check(report["check"]))
    counts = {name: f"{n:,}" for name, n in report["counts"].items() if isinstance(n, int)}
    blocks.append("## Nodes\n\n" + _table(("nodes", "number"), list(counts.items())))
    rows = [
        (row["domain"], "source" if row["source"] else "no path" if row["hops"] is None else row["hops"],
         f"{row['nodes']:,}", f"{row['labels']:,}")
        for row in report["domains"]
    ]  # fmt: skip
    blocks.append("## Domains\n\n" + _table(("domain", "edges away", "nodes", "labels learned"), rows))
    limits = [*report["warnings"], *_KNOWN, *([_DERIVED] if report["counts"]["label"] in DERIVED else [])]
    blocks.append("## Limits\n\n" + "\n".join(f"- {each}" for each in limits))
    return "\n\n".join(blocks) + "\n"


def _usage(report: Mapping[str, Any]) -> str:
    domain = next(row["domain"] for row in report["domains"] if not row["source"])
    if fields := report["counts"]["fields"]:
        lines = ["from pathlib import Path", "", "from graphrec.adapt.features import TextFeatures"]
        rows = (
            'TextFeatures.load(Path("this folder"))(["the texts of one", "and of another"])'
            f"  # {', '.join(fields)}, one under another"
        )
    else:
        lines, rows = [], "...  # float32 [2, dim], from the same feature set"
    lines += [
        "from graphrec.adapt.model import AdaptedModel", "",
        f'model = AdaptedModel.load("this folder/models/{report["seeds"][0]}")', f"rows = {rows}",
        f"domain = model.graph.indices([{domain!r}, {domain!r}])",
        f"model.predict(rows, domain)  # [2, {len(report['outputs'])}]: {_few(report['outputs'])}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _held_out(report: Mapping[str, Any]) -> str:
    found = report["held_out"]
    if found is None:
        return "## Scores\n\nNothing was held out."
    said = (
        f"On {found['nodes']:,} labelled nodes of the sources that training did not see, each domain weighing the "
        f"same: {found['metric']} {_score(found)} (a constant answer: {found['baseline']:.3f}). Target domains may do "
        "worse."
    )
    if report["agreement"] is not None:
        said += f" All seeds agree on {report['agreement']:.1%} of the target nodes."
    return f"## Scores\n\n{said}"


def _targets(report: Mapping[str, Any]) -> str:
    found = report["targets"]
    hops = list(found["domains_by_hops"])
    named = [f"{_away(hop)} ({found['domains_by_hops'][hop]} domains)" for hop in hops]
    rows = [
        (name, _score(method), *(_score(method["by_hops"][hop]) for hop in hops))
        for name, method in found["methods"].items()
    ]
    said = (
        f"On {found['nodes']:,} nodes of {found['domains']} target domains whose labels were looked at afterwards "
        f"({found['metric']}; a constant answer: {found['baseline']:.3f})."
    )
    return f"## Target domains\n\n{said}\n\n{_table(('method', 'all', *named), rows)}\n\n![by hops](hops.svg)"


def _check(check: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            f"{found['score']:.3f}",
            f"{found['gain']:+.3f} ± {found['standard_error']:.3f}",
            found["verdict"],
        )
        for name, found in check["methods"].items()
    ]
    plain = f"{check['source_only']:.3f}"
    said = f"Sources that were treated as targets: {_few(check['hidden'], 12)}. {check['metric']} without: {plain}."
    return "## Rehearsal\n\n" + said + "\n\n" + _table(("method", "score", "gain", "it"), rows)


def _away(hop: str) -> str:
    return {"-1": "no path", "1": "1 edge away"}.get(hop, f"{hop} edges away")


def _score(found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        return ""
    return f"{found['mean']:.3f}" + (f" ± {found['sd']:.3f}" if found["sd"] is not None else "")


def _few(names: Sequence[str], most: int = 4) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [" | ".join(str(cell) for cell in row) for row in [header, ["---"] * len(header), *rows]]
    return "\n".join(f"| {line} |" for line in lines)
