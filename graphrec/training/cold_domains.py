"""Item scores for domains without interactions: learned in the domains that have some, carried along a domain graph.

    report = adapt_items(Path("models/today"), store, domain_of={"recipe 7": "soup", ...}, graph=graph,
                         out=Path("models/adapted"))

A bundle scores an item that nobody chose by its words (:mod:`graphrec.ranking.cold_items`). What words are worth was
learned where people choose, and in another cuisine or market they are worth less. Here a network learns how wrong the
words were in domains that they had not been learned from, adapted between the domains, and its correction is added to
the rows of such items: to the share that was found best on source domains hidden for the purpose, which may be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from graphrec.adapt.data import DomainData
from graphrec.adapt.item_scorer import ITEM_ADAPT, learn_items
from graphrec.adapt.rehearsal_splits import rehearsal_splits
from graphrec.bundle import Bundle, read_bundle, write_bundle
from graphrec.bundle.format import CARD
from graphrec.errors import BundleMismatchError, InvalidInputError
from graphrec.ranking.cold_items import ColdItems, load_cold
from graphrec.store.graph_store import GraphStore
from graphrec.store.records import ItemRecord
from graphrec.training.cold_config import ColdChoice
from graphrec.training.cold_domain_check import Rehearsed, choose_share
from graphrec.training.cold_domain_rows import WordRows, content_part, rewritten
from graphrec.training.cold_domain_view import ColdView, DomainItems, view
from graphrec.training.cold_student import binary
from graphrec.training.run_log import Log

if TYPE_CHECKING:
    from graphrec.adapt.config import AdaptConfig
    from graphrec.adapt.domain_graph import DomainGraph

Int = NDArray[np.int64]

UNCHECKED = 0.5
"""Share of the correction where nothing was checked."""
_HEADING = "\n## Adapted domains"


class ColdDomainConfig(BaseModel):
    """Settings of :func:`adapt_items` beside those of the network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dim: PositiveInt = 32
    """Directions of the users' tastes that the network corrects; the others stay with the words."""
    folds: int = Field(default=4, ge=2)
    """Groups of source domains; each is described by words learned from the others."""
    splits: PositiveInt = 2
    """Groups of sources that the check hides in turn."""
    least: PositiveInt = 10
    """Chosen items that make a domain a source where none are named."""


def adapt_items(
    bundle: Path, store: GraphStore, *, domain_of: Mapping[str, str], graph: DomainGraph, out: Path,
    sources: Sequence[str] | None = None, config: AdaptConfig | None = None, seed: int = 0, check: bool = True,
    log: Log | None = None, settings: ColdDomainConfig | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write a copy of a bundle in which items of domains without interactions score by adapted rows.

    Items that have interactions keep their rows, and so do all items outside the target domains. Serving needs nothing
    new: the rows stand in the part of the content student.

    Args:
        bundle: folder of a trained bundle with a content student (what `graphrec train` writes over described items).
        store: the store that it was trained from; read only.
        domain_of: domain's name by item id; an item that is missing belongs to none.
        graph: of the domains.
        out: folder of the new bundle; may be `bundle` itself, and `bundle` may be adapted already.
        sources: names of the domains to learn from; None takes those with enough chosen items.
        config: of the adaptation; None: :data:`graphrec.adapt.item_scorer.ITEM_ADAPT`.
        seed: of the networks.
        check: choose the share of the correction on source domains that are hidden for it, none included; otherwise
            half.
        log: gets a record per stage, `{"stage": name, ...}`.
        settings: see :class:`ColdDomainConfig`.

    Returns:
        What was done, plain JSON: `{"bundle", "sources": [names], "targets": [names], "adapted_items": int,
        "share": float, "check": {"words": float, "corrected": float, "chosen": float,
        "hidden": [names]} | None, "warnings": [sentences]}`. The figures of the check are Recall@20 + NDCG@20 among
        the items of a hidden domain, mean over these: of the words alone, of the whole correction, and of the chosen
        share.

    Raises:
        BundleMismatchError: the bundle has no content student, or its items have no domain in the graph.
        InvalidInputError: a source has no interactions, or no domain is without.
        NotFoundError: a source that is not in the graph.
    """
    settings, config = settings or ColdDomainConfig(), config or ITEM_ADAPT
    run = _Run(read_bundle(bundle), store, domain_of, graph, sources, config, seed, settings)
    say = log or (lambda record: None)
    say({"stage": "items", "sources": len(run.sources), "cold": len(run.cold)})
    share, checked = run.check(say) if check and len(run.sources) > 1 else (UNCHECKED, None)
    seen = run.view(run.sources)
    say({"stage": "train", "share": share})
    correction = seen.widened(learn_items(seen.task, config, seed, log=log)) if share > 0 else None
    parts = rewritten(run.bundle.parts, run.part, run.cold, run.words, seen, correction, share, lean=run.lean)
    report = run.report(share, checked, out, seen)
    _write(run.bundle, parts, out, report)
    return report


@dataclass
class _Run:
    """One adaptation; what every step needs is an attribute."""

    bundle: Bundle
    store: GraphStore
    domain_of: Mapping[str, str]
    graph: DomainGraph
    named: Sequence[str] | None
    config: AdaptConfig
    seed: int
    settings: ColdDomainConfig

    def __post_init__(self) -> None:
        cold = load_cold(self.bundle)
        if cold is None:
            raise BundleMismatchError(
                f"The bundle {self.bundle.path} has no content student, so nothing says what its items are like; "
                "train it with cold_items.enabled over items that have names or texts."
            )
        self.cold_items: ColdItems = cold
        self.part = content_part(self.bundle, cold)
        self.choices = binary(self.bundle.history)
        domain = np.fromiter(self._domains(), dtype=np.int64)
        if not (domain >= 0).any():
            raise BundleMismatchError(
                f"No item of {self.bundle.path} belongs to a domain of the graph ({', '.join(self.graph.names[:8])}); "
                "give domains by the ids of the items."
            )
        self.items = self._items(domain)
        domain = self.items.domain  # an item that says nothing known has none
        self.counts = np.bincount(self.bundle.history.indices, minlength=len(domain))
        self.sources = self._sources(domain, self.counts)
        self.targets = np.setdiff1d(np.unique(domain[domain >= 0]), self.sources)
        self.cold = np.flatnonzero((self.counts == 0) & np.isin(domain, self.targets))
        if not len(self.cold):
            raise InvalidInputError(
                "Every domain is a source or all of its items have interactions, so there is nothing to adapt to; "
                "name fewer sources."
            )

    @cached_property
    def words(self) -> WordRows:
        """What the student says of the cold items."""
        return WordRows.of(self.cold_items, self.items.bags[self.cold])

    @cached_property
    def lean(self) -> float:
        """The weight of popularity in what it says."""
        return self.words.lean(np.asarray(self.choices @ self.part.keys))

    def view(self, sources: Int) -> ColdView:
        """What is known from the choices of some sources, and of items without a domain."""
        domain = self.items.domain
        kept = ((domain < 0) | np.isin(domain, sources)).astype(np.float32)
        left = (self.choices @ sp.diags(kept)).tocsr()
        left.eliminate_zeros()
        return view(self.items, left, sources, self.seed)

    def check(self, say: Log) -> tuple[float, dict[str, Any]]:
        """Hide some sources and see which share of the correction finds what was chosen of them."""
        groups, names = [], list[str]()
        for group in rehearsal_splits(self._problem(), self.settings.splits, seed=self.seed):
            names += [self.graph.names[number] for number in group.tolist()]
            say({"stage": "check", "hidden": [self.graph.names[number] for number in group.tolist()]})
            groups.append(self._rehearsed(np.setdiff1d(self.sources, group), group))
        share, found = choose_share(groups)
        checked = {"words": found[0.0], "corrected": found[1.0], "chosen": found[share], "hidden": names}
        return share, checked

    def report(
        self, share: float, checked: dict[str, Any] | None, out: Path, seen: ColdView
    ) -> dict[str, Any]:
        """What was done."""
        from graphrec.adapt.advice import advise

        names = self.graph.names
        return {
            "bundle": str(out), "sources": [names[number] for number in self.sources.tolist()],
            "targets": [names[number] for number in self.targets.tolist()], "adapted_items": len(self.cold),
            "share": share, "check": checked,
            "warnings": advise(seen.task.data(), seed=self.seed),
        }  # fmt: skip

    def _rehearsed(self, sources: Int, hidden: Int) -> Rehearsed:
        seen = self.view(sources)
        rows = np.flatnonzero(np.isin(self.items.domain, hidden))
        correction = seen.widened(learn_items(seen.task, self.config, self.seed))
        return Rehearsed(
            seen.space,
            seen.student.of(rows),
            correction.of(rows),
            self.choices[:, rows].tocsr(),
            self.items.domain[rows],
            self.lean,
        )

    def _problem(self) -> DomainData:
        """Domains, graph and sources alone, for the choice of what to hide."""
        there = np.flatnonzero(self.items.domain >= 0)
        domain = self.items.domain[there]
        chosen = np.where(self.counts[there] > 0, 1.0, np.nan)
        return DomainData.hide(domain[:, None].astype(np.float32), domain, chosen, self.graph, self.sources)

    def _domains(self) -> Iterator[int]:
        number = {name: place for place, name in enumerate(self.graph.names)}
        return (number.get(self.domain_of.get(ext, ""), -1) for ext in self.bundle.catalogue.item_ids)

    def _items(self, domain: Int) -> DomainItems:
        known = {record.ext: record for record in self.store.item_records()}
        gone = ItemRecord("", None, {}, {}, (), frozenset())
        bags = self.cold_items.features.bags(known.get(ext, gone) for ext in self.bundle.catalogue.item_ids)
        chosen = (self.bundle.manifest.get("chosen") or {}).get("cold_items")
        choice = ColdChoice.model_validate(chosen) if chosen else ColdChoice()
        others = [part for part in self.bundle.parts if part is not self.part]
        described = bags.to_scipy()
        domain = np.where(np.diff(described.indptr) > 0, domain, -1)
        return DomainItems(
            described, domain, self.graph, self.part.keys, others, choice.own, choice.ridge, self.settings.dim,
            self.settings.folds,
        )  # fmt: skip

    def _sources(self, domain: Int, counts: NDArray[Any]) -> Int:
        chosen = np.bincount(domain[(domain >= 0) & (counts > 0)], minlength=self.graph.num_domains)
        if self.named is None:
            found = np.flatnonzero(chosen >= self.settings.least)
            if not len(found):
                raise InvalidInputError(
                    f"No domain has {self.settings.least} items with interactions, so there is nothing to learn from."
                )
            return found
        found = np.unique(self.graph.indices(self.named))
        for number in found[chosen[found] == 0].tolist():
            raise InvalidInputError(
                f"No item of the source {self.graph.names[number]!r} has interactions; leave it out of the sources."
            )
        return found


def _write(bundle: Bundle, parts: Sequence[Any], out: Path, report: dict[str, Any]) -> None:
    said = (
        f"{_HEADING}\n\n{report['adapted_items']:,} items without interactions in "
        f"{', '.join(report['targets'])} score by their words and, to the share {report['share']:g}, by a correction "
        f"that was learned in {', '.join(report['sources'])} (`graphrec.training.cold_domains`).\n"
    )
    card = (bundle.path / CARD).read_text(encoding="utf-8").partition(_HEADING)[0] + said
    manifest = {name: value for name, value in bundle.manifest.items() if name != "created"}
    manifest["cold_domains"] = {name: value for name, value in report.items() if name != "bundle"}
    write_bundle(
        out, manifest=manifest, parts=parts, catalogue=bundle.catalogue, history=bundle.history, extra=bundle.extra,
        card=card,
    )  # fmt: skip
