"""The last resort for a word that links to nothing: the graph's nodes nearest to it in meaning, to be offered.

What is nearest is a suggestion and never a constraint: "sambal" near "harissa" may be what was meant, or an allergy
of which the guess would know nothing. So nothing here reaches a query; it is told, and the user decides. Of a food that
the taxonomy knows, its relatives are offered; of any other word, the nodes whose names are nearest by the encoder.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.encoders.base import Encoder
from graphrec.errors import CorruptionError, InvalidInputError, StoreError
from graphrec.nlu.kin import Kin
from graphrec.nlu.naming import ordinary_words
from graphrec.nlu.result import Slot
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import NodeRef

if TYPE_CHECKING:
    from graphrec.nlu.lexicon import Lexicon

Float = NDArray[np.floating[Any]]
Near = tuple[tuple[NodeRef, float], ...]

TYPES = ("ingredient", "cuisine", "course", "diet", "category")
"""Types of the nodes that are offered, in the order in which one of several with the same name is."""
FLOOR = 0.64
"""Cosine below which nothing is offered (benchmarks/slot_neighbours.py)."""
OFFERED, PHRASES, MAX_WORDS, NEW = 3, 2, 3, 64
"""Most nodes for a phrase, phrases of an utterance, words of a phrase, and names encoded while a catalogue changes."""
_MAX_CHARS, _REMEMBERED = 60, 5_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What an unknown phrase may have meant.

    Args:
        said: the phrase.
        nodes: the nearest nodes, best first, each with its cosine.
        excluded: it was not wanted; the exclusion still stands unapplied.
    """

    said: str
    nodes: Near
    excluded: bool = False

    def to_json(self) -> dict[str, Any]:
        nodes = [[str(ref), round(cosine, 4)] for ref, cosine in self.nodes]
        return {"said": self.said, "excluded": self.excluded, "nodes": nodes}


class Neighbours:
    """Nodes by the meaning of their names; safe to share between threads.

    Args:
        encoder: of names and phrases.
        nodes: those that may be offered.
        vectors: of their names, float32 `[len(nodes), encoder.dim]`.
        floor: cosine below which nothing is offered.
        kin: knows relatives, which are offered whatever their cosine; None knows none.

    Raises:
        InvalidInputError: the vectors are of another number or length, or the floor is no cosine.
    """

    def __init__(
        self, encoder: Encoder, nodes: Sequence[NodeRef], vectors: Float, floor: float, kin: Kin | None = None
    ) -> None:
        if vectors.shape != (len(nodes), encoder.dim) or not -1 <= floor <= 1:
            raise InvalidInputError(
                f"Neighbours need vectors of shape ({len(nodes)}, {encoder.dim}) and a floor from -1 to 1, but "
                f"{vectors.shape} and {floor} were given."
            )
        self.encoder, self.nodes, self.floor = encoder, tuple(nodes), floor
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._kin = kin
        self._known: OrderedDict[str, Near] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def of(cls, lexicon: Lexicon, encoder: Encoder, cache: Path | str | None = None) -> Self | None:
        """The neighbours in a catalogue; None for an encoder that does not know meanings (all but MiniLM).

        An encoder for classifiers is taken in its form for similarity. Encoding takes about 2 ms a node on one core.

        Args:
            cache: a file with the vectors; it is written where it is missing or of another catalogue or encoder.

        Raises:
            StoreError: the file cannot be written.
        """
        sentences = getattr(encoder, "for_similarity", None)
        if sentences is None:
            return None
        encoder = cast(Encoder, sentences())
        nodes, names = _offered(lexicon)
        path = None if cache is None else Path(cache)
        vectors = (
            None if path is None else _cached(path, _digest(encoder, nodes, names), len(nodes), encoder.dim)
        )
        if vectors is None:
            vectors = np.asarray(encoder.encode(names), dtype=np.float32)
            if path is not None:
                _keep(path, vectors, _digest(encoder, nodes, names))
        return cls(encoder, nodes, vectors, FLOOR, Kin(lexicon.taxonomy, nodes))

    def over(self, lexicon: Lexicon) -> Neighbours:
        """The neighbours in a catalogue that this one has grown into: vectors of nodes that were here are taken over.

        It happens within a request, so of the new names 64 at most are encoded; the rest is offered after a restart.
        """
        nodes, names = _offered(lexicon)
        rows = {ref: row for row, ref in enumerate(self.nodes)}
        new = {ref: name for ref, name in zip(nodes, names, strict=True) if ref not in rows}
        encoded = dict(list(new.items())[:NEW])
        kept = [ref for ref in nodes if ref in rows or ref in encoded]
        vectors = np.zeros((len(kept), self.encoder.dim), dtype=np.float32)
        known = [place for place, ref in enumerate(kept) if ref in rows]
        vectors[known] = self.vectors[[rows[kept[place]] for place in known]]
        if encoded:
            places = [place for place, ref in enumerate(kept) if ref in encoded]
            vectors[places] = self.encoder.encode([encoded[kept[place]] for place in places])
        return Neighbours(self.encoder, kept, vectors, self.floor, Kin(lexicon.taxonomy, kept))

    def nearest(self, phrases: Iterable[str]) -> dict[str, Near]:
        """The nodes to offer for some phrases, at most three each, best first.

        Phrases seen before cost nothing; new ones are encoded together.
        """
        asked = {phrase: _key(phrase) for phrase in phrases}
        with self._lock:
            found = {key: self._known[key] for key in asked.values() if key in self._known}
        new = [key for key in dict.fromkeys(asked.values()) if key and key not in found]
        if new and self.nodes:
            similar = np.asarray(self.encoder.encode(new), dtype=np.float32) @ self.vectors.T
            found |= {key: self._best(key, row) for key, row in zip(new, similar, strict=True)}
            self._remember(found)
        return {phrase: found.get(key, ()) for phrase, key in asked.items()}

    def _best(self, key: str, similar: Float) -> Near:
        kin = self._kin.of(key) if self._kin is not None else []
        places = kin or np.flatnonzero(similar >= self.floor).tolist()
        best = sorted(places, key=lambda place: (-similar[place], place))[:OFFERED]
        return tuple((self.nodes[place], float(similar[place])) for place in best)

    def _remember(self, found: dict[str, Near]) -> None:
        with self._lock:
            self._known.update(found)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def offer(self, phrases: Iterable[tuple[str, bool]]) -> tuple[Suggestion, ...]:
        """Suggestions for phrases that link to nothing, each with whether it was excluded; only where there are any."""
        worth = (entry for entry in phrases if _worth_asking(entry[0]))
        asked = list(dict.fromkeys(islice(worth, PHRASES)))
        near = self.nearest([said for said, _ in asked]) if asked else {}
        return tuple(Suggestion(said, near[said], out) for said, out in asked if near[said])

    def suggest(self, text: str, slots: Sequence[Slot]) -> tuple[Slot, ...]:
        """The slots, those without a node with their suggestions; words side by side are looked up as one phrase."""
        groups = list(unlinked_phrases(text, slots))
        offered = {(s.said, s.excluded): s for s in self.offer((said, out) for said, out, _ in groups)}
        changed = list(slots)
        for said, out, places in groups:
            if (said, out) in offered:
                nodes = tuple((str(ref), cosine) for ref, cosine in offered[said, out].nodes)
                for place in places:
                    changed[place] = replace(changed[place], suggestions=nodes)
        return tuple(changed)


def unlinked_phrases(text: str, slots: Sequence[Slot]) -> Iterator[tuple[str, bool, list[int]]]:
    """Runs of unlinked words with nothing but a space between: the phrase, whether it is excluded, the slots."""
    run: list[int] = []
    for place, slot in enumerate(slots):
        if slot.name != "text" or slot.node is not None or slot.span is None:
            continue
        last = slots[run[-1]] if run else None
        if last is not None and last.span is not None:
            near = text[last.span[1] : slot.span[0]].strip(" -") == "" and last.polarity == slot.polarity
            if not near or len(run) == MAX_WORDS:
                yield _phrase(text, slots, run)
                run = []
        run.append(place)
    if run:
        yield _phrase(text, slots, run)


def _phrase(text: str, slots: Sequence[Slot], run: list[int]) -> tuple[str, bool, list[int]]:
    first, last = slots[run[0]].span or (0, 0), slots[run[-1]].span or (0, 0)
    return text[first[0] : last[1]], slots[run[0]].polarity < 0, run


def _worth_asking(said: str) -> bool:
    """Whether a phrase has a word that is none of those known to mean something other than food."""
    words = [token.word for token in tokenize(said[:_MAX_CHARS])]
    return any(len(word) > 2 and word.isalpha() and word not in ordinary_words() for word in words)


def _key(phrase: str) -> str:
    return " ".join(token.word for token in tokenize(phrase[:_MAX_CHARS]))


def _offered(lexicon: Lexicon) -> tuple[list[NodeRef], list[str]]:
    """The nodes to offer with their names, of several with one name the first."""
    by_name: dict[str, NodeRef] = {}
    for kind in TYPES:
        for ref, name in lexicon.nodes_of(kind):
            by_name.setdefault(name.casefold(), ref)
    return list(by_name.values()), list(by_name)


def _digest(encoder: Encoder, nodes: Sequence[NodeRef], names: Sequence[str]) -> NDArray[np.uint8]:
    told = "\n".join([encoder.fingerprint, *map(str, nodes), *names])
    return np.frombuffer(hashlib.sha256(told.encode("utf-8", "replace")).digest(), dtype=np.uint8)


def _cached(path: Path, digest: NDArray[np.uint8], count: int, dim: int) -> Float | None:
    """The vectors of a file, None where it is missing or holds others."""
    try:
        arrays = read_safetensors(path)
    except CorruptionError:
        return None
    same = "digest" in arrays and np.array_equal(arrays["digest"], digest)
    vectors = arrays.get("vectors")
    return vectors if same and vectors is not None and vectors.shape == (count, dim) else None


def _keep(path: Path, vectors: Float, digest: NDArray[np.uint8]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        write_safetensors(draft, {"vectors": vectors, "digest": digest})
        draft.replace(path)
    except OSError as error:
        raise StoreError(
            f"The vectors of the catalogue's names cannot be kept ({error.strerror})."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
