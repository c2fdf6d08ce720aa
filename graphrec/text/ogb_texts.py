"""The text tables that belong to OGB data sets, brought into the order of the nodes.

* ogbn-arxiv: `titleabs.tsv.gz` (paper id, title, abstract), linked from the data set's page
* ogbn-products: `trn.json.gz` and `tst.json.gz` of Amazon-3M (objects with `uid`, `title`, `content`)
* anything else: one text per line in the order of the nodes, in a `.txt` or `.txt.gz`

Which id a node has stands in `mapping/nodeidx2*.csv.gz` of the downloaded data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.text.sources import LineTexts, RecordTexts, TextSource
from graphrec.text.text_files import table_records

_MAPPINGS = ("nodeidx2paperid.csv.gz", "nodeidx2asin.csv.gz")


def ogb_texts(tables: Sequence[Path], num_nodes: int, dataset: Path | None = None) -> TextSource:
    """The texts of an OGB data set by the form of its files.

    Args:
        tables: the file, or the files of ogbn-products.
        num_nodes: of the graph.
        dataset: folder of the data set (`ROOT/ogbn_arxiv`), which holds `mapping/`; not needed for lines.

    Raises:
        NotFoundError: a file is missing.
        InvalidInputError: a mapping of another graph, or a table of unknown form.
    """
    if not tables:
        raise InvalidInputError("No text table is named; give the file that holds the texts.")
    kind = tables[0].name.removesuffix(".gz").rpartition(".")[2].lower()
    if kind == "txt" and len(tables) == 1:
        return LineTexts(tables[0], num_nodes)
    if kind not in ("tsv", "json", "jsonl"):
        raise InvalidInputError(f"{tables[0].name} is neither .tsv, .json, .jsonl nor .txt (each also .gz).")
    nodes = read_mapping(find_mapping(dataset), num_nodes)
    if kind == "tsv":
        return RecordTexts(tables, [1, 2], num_nodes, key=0, nodes=nodes)
    return RecordTexts(tables, ["title", "content"], num_nodes, key="uid", nodes=nodes)


def find_mapping(dataset: Path | None) -> Path:
    """The file that names each node's id.

    Raises:
        NotFoundError: the folder has none.
    """
    for name in _MAPPINGS:
        if dataset is not None and (dataset / "mapping" / name).is_file():
            return dataset / "mapping" / name
    raise NotFoundError(
        f"{dataset} has none of {', '.join(_MAPPINGS)} in mapping/; unpack the data set again, or give one text "
        "per line in a .txt file."
    )


def read_mapping(path: Path, num_nodes: int) -> dict[str, int]:
    """Id to node, from a table with the columns node and id; 160 bytes of memory per node.

    Raises:
        InvalidInputError: it does not name each of the nodes exactly once.
    """
    nodes: dict[str, int] = {}
    for node, name in table_records(path, [0, 1], tabs=False, header=True, exact=True):
        if not node.isdigit():
            raise InvalidInputError(f"{path.name} has {node!r} where a node's number is expected.")
        nodes[name.strip()] = int(node)
    if sorted(nodes.values()) != list(range(num_nodes)):
        raise InvalidInputError(
            f"{path.name} names {len(nodes)} ids, but not each of the {num_nodes} nodes exactly once; it belongs to "
            "another graph."
        )
    return nodes
