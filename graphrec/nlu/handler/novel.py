"""Where utterances that fit no intent may go, for `graphrec nlu discover`. Off unless a caller gives a sink.

Utterances are personal data. Nothing is kept without a sink; what a sink takes is the bare text, without user, session
or time, so that it can be grouped but not attributed; and both sinks here hold a bounded number.
"""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from threading import Lock
from typing import Protocol

from graphrec.errors import StoreError

MAX_CHARS = 500


class NovelSink(Protocol):
    """Takes utterances; called by several threads at once."""

    def add(self, text: str) -> None:
        """Keep one utterance, or drop it."""


class NovelBuffer:
    """Utterances in memory, the oldest dropped first.

    Args:
        limit: how many at most.
    """

    def __init__(self, limit: int = 1_000) -> None:
        self._texts: deque[str] = deque(maxlen=limit)

    def add(self, text: str) -> None:
        self._texts.append(text[:MAX_CHARS])  # a deque's append is atomic

    def drain(self) -> list[str]:
        """Everything kept so far; afterwards nothing is."""
        taken: list[str] = []
        while True:
            try:
                taken.append(self._texts.popleft())
            except IndexError:
                return taken

    def __len__(self) -> int:
        return len(self._texts)


class NovelFile:
    """Utterances in a JSONL file, one `{"text": ...}` a line: the input of `graphrec nlu discover`.

    Args:
        path: created with access for its owner alone.
        limit: lines at most; once there, further ones are dropped until the file is taken away.
    """

    def __init__(self, path: Path | str, limit: int = 100_000) -> None:
        self.path, self.limit = Path(path), limit
        self._lock = Lock()
        self._lines = 0
        if self.path.exists():
            with self.path.open("rb") as file:
                self._lines = sum(1 for _ in file)

    def add(self, text: str) -> None:
        """Append one line.

        Raises:
            StoreError: the file cannot be written.
        """
        line = json.dumps({"text": text[:MAX_CHARS]}) + "\n"
        with self._lock:
            if not self.path.exists():
                self._lines = 0
            if self._lines >= self.limit:
                return
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                with os.fdopen(handle, "a", encoding="utf-8") as file:
                    file.write(line)
            except OSError as error:
                raise StoreError(f"Utterances cannot be kept in {self.path} ({error.strerror}).") from error
            self._lines += 1
