"""Conversations kept here, for services whose platform carries no session attributes."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from graphrec.errors import InvalidInputError
from graphrec.nlu.dialogue.state import MAX_BYTES, DialogueState

_OVERHEAD = 400
"""Bytes of Python objects per conversation beside its JSON; measured with tracemalloc, rounded up."""


@dataclass(frozen=True, slots=True)
class _Entry:
    data: bytes
    expires: float

    def cost(self, key: tuple[str, str]) -> int:
        return len(self.data) + len(key[0]) + len(key[1]) + _OVERHEAD


class SessionStore:
    """Conversations by user and session, the longest silent given up first. Safe to share between threads.

    A conversation is kept as the bytes of its JSON, so that the limit on memory is a limit on memory.

    Args:
        ttl: seconds after which a silent conversation is forgotten.
        max_bytes: memory for all of them together.
        clock: seconds that only go forward.

    Raises:
        InvalidInputError: a limit that leaves room for nothing.
    """

    def __init__(
        self, *, ttl: float = 1800.0, max_bytes: int = 64_000_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not ttl > 0 or max_bytes < MAX_BYTES + _OVERHEAD:
            least = MAX_BYTES + _OVERHEAD
            raise InvalidInputError(f"A session store needs ttl above 0 and max_bytes of {least} or more.")
        self._ttl, self._max_bytes, self._clock = ttl, max_bytes, clock
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """Memory in use."""
        return self._bytes

    def get(self, user: str | None, session: str) -> DialogueState | None:
        """The conversation of a user in a session; None when there is none or it was forgotten."""
        key = (user or "", session)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.expires <= self._clock():
                self._remove(key)
                return None
        return DialogueState.from_json(json.loads(entry.data))

    def put(self, user: str | None, session: str, state: DialogueState) -> bool:
        """Keep a conversation.

        Returns:
            False when it is too large to keep; an older state of it is then dropped as well.
        """
        key = (user or "", session)
        fitted = state.fitted()
        with self._lock:
            self._remove(key)
            if fitted is None:
                return False
            data = json.dumps(fitted.to_json(), separators=(",", ":")).encode()
            entry = _Entry(data, self._clock() + self._ttl)
            self._entries[key] = entry
            self._bytes += entry.cost(key)
            self._make_room()
            return True

    def forget(self, user: str) -> int:
        """Drop every conversation of a user; how many there were."""
        with self._lock:
            keys = [key for key in self._entries if key[0] == user]
            for key in keys:
                self._remove(key)
            return len(keys)

    def drop(self, user: str | None, session: str) -> None:
        """End one conversation."""
        with self._lock:
            self._remove((user or "", session))

    def _remove(self, key: tuple[str, str]) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.cost(key)

    def _make_room(self) -> None:
        """Give up the longest silent ones: every turn writes anew, so the order of writing is that of expiry."""
        now = self._clock()
        while self._entries:
            key = next(iter(self._entries))
            if self._bytes <= self._max_bytes and self._entries[key].expires > now:
                return
            self._remove(key)
