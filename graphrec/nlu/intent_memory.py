"""What many users meant by what they said, kept beside a running service: re-rank, learn, forget."""

from __future__ import annotations

from graphrec.errors import InvalidInputError
from graphrec.nlu.intent_ranker import IntentRanker
from graphrec.nlu.result import NLUResult
from graphrec.ranking.memory_bank import MemoryBank


class IntentMemory:
    """An :class:`IntentRanker` with a bank of memories. Safe to share between threads.

    Args:
        ranker: made for the classifier's intents.
        bank: memories from an earlier run, e.g. `MemoryBank.load(path)`; a new one when left out.

    Raises:
        InvalidInputError: the bank's memories are of another shape than the ranker's.
    """

    def __init__(self, ranker: IntentRanker, bank: MemoryBank | None = None) -> None:
        self.ranker = ranker
        self.bank = MemoryBank(ranker.shape) if bank is None else bank
        if self.bank.shape != ranker.shape:
            raise InvalidInputError(
                f"The memories have the shape {self.bank.shape}, the intent ranker needs {ranker.shape}."
            )

    def rank(self, result: NLUResult, now: float) -> NLUResult:
        """The result in its user's order of intents; unchanged for a user who is not known.

        Args:
            now: seconds UTC.
        """
        if result.user is None or result.user not in self.bank:
            return result
        return self.ranker.rank(result, self.bank.read(result.user, now))

    def learn(self, result: NLUResult, now: float) -> bool:
        """Remember that the result's intent was what its user meant; gives whether there was something to remember.

        Call it once the answer was accepted, not before: what is guessed must not confirm itself.
        """
        if result.user is None or result.intent is None or result.intent.name not in self.ranker.intents:
            return False
        self.bank.update(result.user, self.ranker.event(result.text, result.intent.name), now)
        return True

    def forget(self, user: str) -> bool:
        """Erase a user; gives whether there was something to erase."""
        return self.bank.forget(user)
