"""What many users meant by what they said, kept beside a running service: re-rank, hold, learn, forget."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import BundleMismatchError, CorruptionError, InvalidInputError, StoreError
from graphrec.nlu.intent_ranker import Float, IntentRanker
from graphrec.nlu.result import NLUResult
from graphrec.ranking.memory_bank import MemoryBank
from graphrec.sparse.strings import Strings

if TYPE_CHECKING:
    from graphrec.nlu.intents import IntentModel

USERS = 2_000
"""Users remembered at a time: one takes about 150 KB with MiniLM's vectors for classifiers."""
ALIKE = 0.8
"""Cosine from which an utterance says the last one again."""
_SETTINGS = ("habit", "nearness", "sharpness", "limit", "half_life", "sure")


@dataclass(frozen=True, slots=True)
class _Held:
    """An utterance whose reading has not proved right yet."""

    intent: str
    event: Float
    said: float


class IntentMemory:
    """An :class:`IntentRanker` with a bank of memories. Safe to share between threads.

    What is guessed must not confirm itself: an utterance is held, and learned once its user goes on without
    contradicting what it was taken for. Every step costs the same however long a user's history is.

    Args:
        ranker: made for the classifier's intents.
        bank: memories from an earlier run, e.g. `MemoryBank.load(path)`; a new one of 2,000 users when left out.

    Raises:
        InvalidInputError: the bank's memories are of another shape than the ranker's.
    """

    def __init__(self, ranker: IntentRanker, bank: MemoryBank | None = None) -> None:
        self.ranker = ranker
        self.bank = MemoryBank(ranker.shape, USERS) if bank is None else bank
        if self.bank.shape != ranker.shape:
            raise InvalidInputError(
                f"The memories have the shape {self.bank.shape}, the intent ranker needs {ranker.shape}."
            )
        self._held: OrderedDict[tuple[str, str | None], _Held] = OrderedDict()
        self._lock = Lock()

    def rank(self, result: NLUResult, now: float | None = None) -> NLUResult:
        """The result in its user's order of intents; unchanged for a user who is not known.

        Args:
            now: seconds UTC; the clock's where it is left out.
        """
        if result.user is None or result.user not in self.bank or not self.ranker.applies(result):
            return result
        return self.ranker.rank(result, self.bank.read(result.user, _now(now)), result.vector)

    def learn(self, result: NLUResult, now: float | None = None) -> bool:
        """Remember that the result's intent was what its user meant; gives whether there was something to remember.

        Call it once the answer was accepted, not before: what is guessed must not confirm itself.
        """
        if result.user is None or result.intent is None or result.intent.name not in self.ranker.intents:
            return False
        event = self.ranker.event(result.text, result.intent.name, result.vector)
        self.bank.update(result.user, event, _now(now))
        return True

    def hold(self, result: NLUResult, now: float | None = None) -> None:
        """Keep an utterance until its user goes on; the one of the same conversation held before is dropped."""
        if result.user is None or result.intent is None or result.intent.name not in self.ranker.intents:
            return
        event = self.ranker.event(result.text, result.intent.name, result.vector)
        with self._lock:
            self._held[result.user, result.session] = _Held(result.intent.name, event, _now(now))
            self._held.move_to_end((result.user, result.session))
            while len(self._held) > (self.bank.limit or USERS):
                self._held.popitem(last=False)

    def settle(self, result: NLUResult, *, right: bool) -> str | None:
        """Learn what was held of a conversation, or drop it; gives the intent learned.

        An utterance that says the one before it again and is taken for something else shows that it was not.

        Args:
            result: what the user says now.
            right: whether it lets the reading before it stand.
        """
        if result.user is None:
            return None
        with self._lock:
            held = self._held.pop((result.user, result.session), None)
        if held is None or not right or self._rephrases(result, held):
            return None
        self.bank.update(result.user, held.event, held.said)
        return held.intent

    def _rephrases(self, result: NLUResult, held: _Held) -> bool:
        if result.vector is None or result.intent is None or result.intent.name == held.intent:
            return False
        before = held.event[: len(result.vector)]
        lengths = float(np.linalg.norm(before) * np.linalg.norm(result.vector))
        return lengths > 0 and float(before @ result.vector) / lengths >= ALIKE

    def forget(self, user: str) -> bool:
        """Erase a user; gives whether there was something to erase. A saved file keeps them until saved again."""
        with self._lock:
            mine = [key for key in self._held if key[0] == user]
            for key in mine:
                del self._held[key]
        return self.bank.forget(user) or bool(mine)

    def save(self, path: Path | str) -> Path:
        """Write what was learned, with the ranker's settings, to one file; an older one is replaced in one step.

        Raises:
            StoreError: the disk refused; the older file is untouched.
        """
        target, ranker = Path(path), self.ranker
        intents = Strings.pack(ranker.intents)
        arrays = self.bank.arrays() | {
            "intents.data": intents.data, "intents.offsets": np.asarray(intents.offsets),
            "settings": np.array([getattr(ranker, name) for name in _SETTINGS]),
        }  # fmt: skip
        arrays["encoder"] = np.frombuffer(ranker.encoder.fingerprint.encode(), dtype=np.uint8)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
        try:
            write_safetensors(draft, arrays)
            draft.replace(target)
        except OSError as error:
            raise StoreError(f"What was learned of intents cannot be written ({error.strerror}).") from error
        finally:
            draft.unlink(missing_ok=True)
        return target

    @classmethod
    def load(cls, path: Path | str, model: IntentModel, limit: int = USERS) -> Self:
        """What :meth:`save` wrote, for the classifier that it was learned beside.

        Args:
            limit: users at most.

        Raises:
            CorruptionError: the file is missing or does not hold memories of intents.
            BundleMismatchError: it was learned beside a classifier with other intents or another encoder.
        """
        arrays = read_safetensors(Path(path))
        try:
            intents = tuple(Strings(arrays["intents.data"], arrays["intents.offsets"], source="intents"))
            values = dict(zip(_SETTINGS, arrays["settings"].tolist(), strict=True))
            same = bytes(arrays["encoder"]).decode() == model.encoder.fingerprint and intents == model.intents
            bank = MemoryBank.from_arrays(arrays, limit)
            ranker = IntentRanker(model.encoder, intents, window=bank.shape.window, **values)
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise CorruptionError(
                f"This file does not hold what was learned of intents ({error})."
            ) from error
        if not same:
            raise BundleMismatchError(
                "What was learned of intents belongs to another intent model; start with a new file."
            )
        return cls(ranker, bank)


def _now(now: float | None) -> float:
    return time.time() if now is None else now
