"""Many users' memories in one place: shared between threads, saved to a file, erased user by user."""

from __future__ import annotations

import secrets
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import CorruptionError, InvalidInputError, StoreError
from graphrec.ranking.memory import MemoryShape, MemoryView, UserMemory
from graphrec.sparse.strings import Strings

Float = NDArray[np.floating[Any]]
_STATE = ("sums", "counts", "latest", "events", "times", "keys")


class MemoryBank:
    """Memories by user id. Safe to share between threads; each call is one step.

    Args:
        shape: of every memory in the bank.
        limit: users at most; the one not heard of for longest makes room for a new one. None takes any number.

    Raises:
        InvalidInputError: the limit is less than 1.
    """

    def __init__(self, shape: MemoryShape, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise InvalidInputError(f"A bank holds at least one memory, but a limit of {limit} was given.")
        self.shape, self.limit = shape, limit
        self._memories: dict[str, UserMemory] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._memories)

    def __contains__(self, user: object) -> bool:
        return user in self._memories

    def update(self, user: str, vector: Float, time: float, *, key: int = 0, weight: float = 1.0) -> None:
        """Take in an event of a user; see :meth:`UserMemory.update`."""
        with self._lock:
            memory = self._memories.get(user) or UserMemory(self.shape)
            memory.update(vector, time, key=key, weight=weight)
            self._memories.pop(user, None)
            self._memories[user] = memory  # only after the event was found good, and as the newest
            self._make_room()

    def read(self, user: str, now: float | None = None) -> MemoryView:
        """What is remembered of a user; an empty memory for one who is not known."""
        with self._lock:
            return (self._memories.get(user) or UserMemory(self.shape)).read(now)

    def forget(self, user: str) -> bool:
        """Erase a user's memory; gives whether there was one. A saved file keeps it until saved again."""
        with self._lock:
            return self._memories.pop(user, None) is not None

    def _make_room(self) -> None:
        while self.limit is not None and len(self._memories) > self.limit:
            del self._memories[next(iter(self._memories))]

    def save(self, path: Path | str) -> Path:
        """Write all memories to one safetensors file; an older one is replaced in one step or not at all.

        Raises:
            StoreError: the disk refused; the older file is untouched.
        """
        target = Path(path)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
        try:
            write_safetensors(draft, self.arrays())
            draft.replace(target)
        except OSError as error:
            raise StoreError(f"The memories cannot be written to {target}: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
        return target

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays: users as packed strings, states stacked in the order of the users."""
        with self._lock:
            users = sorted(self._memories)
            states = [{n: a.copy() for n, a in self._memories[user].arrays().items()} for user in users]
        names = Strings.pack(users)
        like = UserMemory(self.shape).arrays()
        stacked = {
            name: np.stack([state[name] for state in states]) if states else np.zeros((0, *like[name].shape))
            for name in _STATE
        }
        return stacked | {
            "users.data": names.data, "users.offsets": np.asarray(names.offsets),
            "half_lives": np.asarray(self.shape.half_lives),
        }  # fmt: skip

    @classmethod
    def load(cls, path: Path | str, limit: int | None = None) -> Self:
        """A bank from a file of :meth:`save`.

        Args:
            limit: users at most; of more, those heard of last are taken.

        Raises:
            CorruptionError: the file is missing or does not hold memories.
        """
        try:
            arrays = read_safetensors(Path(path))
            return cls.from_arrays(arrays, limit)
        except (KeyError, ValueError, IndexError) as error:
            raise CorruptionError(
                f"{path} does not hold users' memories ({error}); build it again."
            ) from error

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], limit: int | None = None) -> Self:
        """A bank from the arrays of :meth:`arrays`."""
        _, window, dim = arrays["events"].shape
        bank = cls(MemoryShape(dim, window, tuple(arrays["half_lives"].tolist())), limit)
        users = Strings(arrays["users.data"], arrays["users.offsets"], source="memories")
        if len(users) != len(arrays["latest"]):
            raise CorruptionError("The memories do not fit their users; build them again.")
        order = np.argsort(arrays["latest"], kind="stable").tolist()
        for row in order[-limit:] if limit is not None else order:
            state = {name: arrays[name][row] for name in _STATE}
            bank._memories[users[row]] = UserMemory.from_arrays(bank.shape, state)
        return bank
