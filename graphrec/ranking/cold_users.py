"""Users with little evidence: popularity first, then more and more of what their choices and likes say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, Catalogue, History, ItemItemPart, Part, ProfilePart
from graphrec.bundle.catalogue import csr_from_arrays
from graphrec.bundle.part_arrays import part_arrays
from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.ranking.grown_part import GrownItemItemPart, grown_item_item
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

PREFIX = "cold_users."
PRIORS = 2
"""Columns of the shares that belong to popularity: its logarithm, and itself; the parts follow."""
SPOKESMEN = 100
"""So many of the most popular items that have an attribute speak for it."""
NOTHING = History()


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """What counts how much for one user.

    Args:
        shares: float32 `[2 + parts]`, of log popularity, of popularity and of each part.
        trained: share of the model's own score, for users it was trained on; 0 for all others.
    """

    shares: Float
    trained: float = 0.0


@dataclass(frozen=True, eq=False)
class ColdUsers:
    r"""Scores for users of whom `n` choices are known, n = 0 included.

    .. math:: s_i = a_n \log(1 + p_i) + b_n\, p_i + \sum_q c_{q,n}\, q_i(\text{choices, likes})

    `p` is popularity, `q` are the parts of the bundle and, where it has none that reads a history well, parts of
    its own. The shares are learned on people of whom only n choices were shown (:mod:`graphrec.training.
    cold_users_fit`), at a few n; between these they run straight in log(1 + n), so that every further choice
    changes the answer a little. This is the empirical Bayes estimate's shrinkage (Efron and Morris, JASA 1973) with
    a learned instead of an assumed prior weight. At n = 0 popularity alone is left.

    A taught like is evidence, too: the items that have the attribute enter the parts in its place, with a weight
    of `like` choices together.

    Args:
        knots: float32 `[k]`, the n that shares are known for, ascending from 0.
        shares: float32 `[k, 2 + parts]`, in units in which log popularity runs from 0 to 1.
        scale: float32 `[k]`, what turns those units into those of the bundle's own score.
        own: parts beside the bundle's; their columns come last.
        trust: choices at which a trained user's own score counts half; 0 leaves it alone.
        like: choices that one taught like counts for.
    """

    knots: Float
    shares: Float
    scale: Float
    own: tuple[Part, ...] = ()
    trust: float = 0.0
    like: float = 1.0

    def __post_init__(self) -> None:
        size = len(self.knots)
        rising = size > 0 and self.knots[0] == 0 and bool((np.diff(self.knots) > 0).all())
        shaped = self.shares.ndim == 2 and len(self.shares) == size and self.scale.shape == (size,)
        if not rising or not shaped or self.shares.shape[1] < PRIORS + len(self.own):
            raise InvalidInputError(
                f"Cold users need knots that rise from 0 with shares and a scale for each; given {self.knots}, "
                f"shares {self.shares.shape} and scale {self.scale.shape}."
            )
        if not all(bool(np.isfinite(a).all()) for a in (self.knots, self.shares, self.scale)):
            raise InvalidInputError("The shares of cold users hold NaN or infinity; train again.")

    def mixture(self, history: History, liked: History = NOTHING, degree: int | None = None) -> Mixture:
        """What counts how much for a user.

        Args:
            liked: see :meth:`liked`.
            degree: choices that the model was trained on; None for a user it was not trained on.
        """
        if degree is not None and self.trust == 0:
            return Mixture(np.zeros(self.shares.shape[1], dtype=np.float32), 1.0)
        evidence = np.log1p(len(history) + float(liked.weights.sum()))
        knots = np.log1p(self.knots)
        shares = np.asarray([np.interp(evidence, knots, column) for column in self.shares.T])
        if len(history):  # without a history scores are those of popularity, from 0 to 1
            shares *= np.interp(evidence, knots, self.scale)
        trained = 0.0 if degree is None else degree / (degree + self.trust)
        return Mixture((shares * (1.0 - trained)).astype(np.float32), trained)

    def score(
        self, parts: Sequence[Part], popularity: Float, mixture: Mixture, history: History,
        liked: History = NOTHING, candidates: Int | None = None,
    ) -> Float:  # fmt: skip
        """Scores float32 `[num_items]` or `[len(candidates)]`, without the trained user's own.

        Args:
            parts: of the bundle.
            popularity: float32 `[num_items]`, users per item.
        """
        log, linear = priors(popularity, candidates)
        total = mixture.shares[0] * log + mixture.shares[1] * linear
        for share, part in self._parts(parts, mixture):
            total = total + share * evidence_score(part, history, liked, candidates)
        return np.asarray(total, dtype=np.float32)

    def contributions(
        self, parts: Sequence[Part], mixture: Mixture, history: History, liked: History, items: Int
    ) -> Float:
        """What each history entry adds to some items, float32 `[len(history), len(items)]`."""
        out = np.zeros((len(history), len(items)), dtype=np.float32)
        for share, part in self._parts(parts, mixture):
            known = history if isinstance(part, ItemItemPart) else joined(history, liked)
            out += share * part.contributions(None, known, items)[: len(history)]
        return out

    def liked(self, catalogue: Catalogue, groups: Iterable[Int]) -> History:
        """Taught likes as a history: each like's most popular items, together worth `like` choices.

        Args:
            groups: the items that have what is liked, one array per like.
        """
        found = [_spokesmen(catalogue, items) for items in groups if len(items)]
        if not found or self.like <= 0:
            return NOTHING
        weights = [np.full(len(items), self.like / len(items), dtype=np.float32) for items in found]
        return History(np.concatenate(found), np.concatenate(weights))

    def _parts(self, parts: Sequence[Part], mixture: Mixture) -> list[tuple[np.float32, Part]]:
        """The parts that count, and by how much."""
        every = zip(mixture.shares[PRIORS:], (*parts, *self.own), strict=True)
        return [(share * np.float32(part.weight), part) for share, part in every if share]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a bundle carries, as :func:`trained_cold_users` reads it."""
        out: dict[str, NDArray[Any]] = {
            "knots": self.knots, "shares": self.shares, "scale": self.scale,
            "settings": np.asarray([self.trust, self.like], dtype=np.float32),
        }  # fmt: skip
        for number, part in enumerate(self.own):
            out |= {f"own{number}.{name}": array for name, array in part_arrays(part).items()}
            option = part.exponent if isinstance(part, ProfilePart) else float(getattr(part, "binary", False))
            out[f"own{number}.options"] = np.asarray([part.weight, option], dtype=np.float32)
        return {PREFIX + name: array for name, array in out.items()}


def priors(popularity: Float, candidates: Int | None = None) -> Float:
    """Log popularity and popularity, both from 0 to 1, float32 `[2, num_items]` or `[2, len(candidates)]`."""
    most = float(popularity.max(initial=0.0))
    counts = popularity if candidates is None else popularity[candidates]
    log = np.log1p(counts) / max(np.log1p(most), 1e-9)  # as in graphrec.ranking.cold.popularity_prior
    return np.stack([log, counts / max(most, 1e-9)]).astype(np.float32)


def evidence_score(part: Part, history: History, liked: History, candidates: Int | None = None) -> Float:
    """A part's scores for somebody it was not trained on, float32 `[num_items]` or `[len(candidates)]`."""
    if not len(liked):
        return part.score(None, history, candidates)
    if not isinstance(part, ItemItemPart):
        return part.score(None, joined(history, liked), candidates)
    # What counts every choice as 1 would count a hundredth of a like as 1, too.
    fractions = replace(part, binary=False).score(None, liked, candidates)
    return np.asarray(part.score(None, history, candidates) + fractions, dtype=np.float32)


def joined(history: History, liked: History) -> History:
    """Choices, and the items that speak for likes after them."""
    if not len(liked):
        return history
    items = np.concatenate([history.items, liked.items])
    return History(items, np.concatenate([history.weights, liked.weights]).astype(np.float32))


def trained_cold_users(bundle: Bundle) -> ColdUsers | None:
    """What a bundle learned of users with little evidence, or None; read once per bundle.

    Raises:
        CorruptionError: it is there in part, or of another model.
    """
    known: dict[str, Any] = bundle.__dict__
    if "_cold_users" not in known:
        known["_cold_users"] = _read(bundle)
    found: ColdUsers | None = known["_cold_users"]
    return found


def _read(bundle: Bundle) -> ColdUsers | None:
    arrays = {n[len(PREFIX) :]: a for n, a in bundle.extra.items() if n.startswith(PREFIX)}
    if not arrays:
        return None
    try:
        numbers = sorted({name.partition(".")[0] for name in arrays if "." in name})
        own = tuple(_grown(_own_part(number, arrays), bundle) for number in numbers)
        trust, like = arrays["settings"].tolist()
        found = ColdUsers(arrays["knots"], arrays["shares"], arrays["scale"], own, trust, like)
    except (KeyError, ValueError, InvalidInputError) as error:
        raise CorruptionError(
            f"What {bundle.path} says of new users is not complete ({error}); train again."
        ) from error
    if found.shares.shape[1] != PRIORS + len(bundle.parts) + len(own):
        raise CorruptionError(f"What {bundle.path} says of new users is of another model; train again.")
    return found


def _own_part(name: str, arrays: Mapping[str, NDArray[Any]]) -> Part:
    own = {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}
    weight, option = own["options"].tolist()
    if "keys" in own:
        return ProfilePart(own["keys"], own["items"], own.get("item_bias"), option, weight)
    return ItemItemPart(csr_from_arrays("weights", own), weight, bool(option))


def _grown(part: Part, bundle: Bundle) -> Part:
    """The part over a catalogue that has got further items since.

    Item-item weights take the shares of virtual neighbours that the bundle's own have; where it has none, nothing
    is known of the new items here.
    """
    num_items = bundle.catalogue.num_items
    more = num_items - part.num_items
    if more < 0:
        raise ValueError(f"{part.num_items} items, but the catalogue has {num_items}")
    if more == 0:
        return part
    if isinstance(part, ItemItemPart):
        shares = [p.shares for p in bundle.parts if isinstance(p, GrownItemItemPart)]
        if shares and shares[0].shape == (more, part.num_items):
            return grown_item_item(part, shares[0])
        weights = part.weights
        indptr = np.concatenate([weights.indptr, np.full(more, weights.indptr[-1])])
        return replace(part, weights=CSR(indptr, weights.indices, weights.values, (num_items, num_items)))
    assert isinstance(part, ProfilePart)
    bias = part.item_bias
    if bias is not None:
        bias = np.concatenate([bias, np.full(more, bias.min(initial=0.0), dtype=np.float32)])
    zeros = np.zeros((more, part.keys.shape[1]), dtype=np.float32)
    keys, items = (np.concatenate([rows, zeros]) for rows in (part.keys, part.items))
    return replace(part, keys=keys, items=items, item_bias=bias)


def _spokesmen(catalogue: Catalogue, items: Int) -> Int:
    """The most popular of some items, at most :data:`SPOKESMEN`, ascending; of equal ones the first."""
    order = np.argsort(-catalogue.popularity[items], kind="stable")[:SPOKESMEN]
    return np.sort(np.asarray(items)[order])
