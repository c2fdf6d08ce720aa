"""Programs that tests run in other processes: `python -m tests.store.store_children NAME STORE ...`."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from graphrec.errors import GraphRecError
from graphrec.store import GraphStore, erasure

BATCH = 50


def url_of(path: str | Path) -> str:
    return f"sqlite:///{path}"


def import_batches(path: str) -> None:
    """Commit batches without end; print the number of each once it is durable."""
    with GraphStore.open(url_of(path)) as store:
        start = store.count_nodes("recipe") // BATCH
        for batch in range(start, 100_000):
            with store.writing() as writer:
                writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
                rows = [f"r{batch}-{row}" for row in range(BATCH)]
                writer.add_nodes("recipe", [(row, f"Dish {row}") for row in rows])
                writer.add_edges("contains", [(row, f"i{batch % 7}") for row in rows])
                writer.add_interactions([(f"u{batch}", row, "cook", batch, None) for row in rows])
            print(batch, flush=True)


def teach_on(path: str) -> None:
    """Teach and forget without end; print how many were taught once the last of them is durable."""
    with GraphStore.open(url_of(path)) as store:
        for number in range(len(store.preferences("ann")), 100_000):
            store.teach("ann", "ingredient", f"i{number}", "like", f"utterance {number}")
            store.teach("ann", "ingredient", f"i{number}", "dislike", f"utterance {number}")
            store.teach("ann", "ingredient", "taken back", "allergy")
            store.forget_preference("ann")
            print(number + 1, flush=True)


def count_up(path: str, rounds: str) -> None:
    """Read a counter and write it back plus one, in one transaction each time."""
    with GraphStore.open(url_of(path), busy_timeout=30) as store:
        for _ in range(int(rounds)):
            with store.writing() as writer:
                # The lock is taken when the block begins: what is read now cannot change before the commit.
                value = float(store.node("counter", "c").properties["value"])
                writer.set_properties("counter", "value", [("c", value + 1)])


def read_pairs(path: str, seconds: str) -> None:
    """Look for a state in which the two halves of a pair disagree; print how many states were seen."""
    seen, deadline = set(), time.monotonic() + float(seconds)
    with GraphStore.open(url_of(path), read_only=True) as store:
        while time.monotonic() < deadline:
            with store.reading():
                left = store.node("half", "left").properties["value"]
                right = store.node("half", "right").properties["value"]
            assert left == right, f"torn read: {left} {right}"
            seen.add(left)
    print(len(seen))


def hold_lock(path: str, seconds: str) -> None:
    """Keep the write lock for a while; print once it is held."""
    with GraphStore.open(url_of(path)) as store, store.writing():
        print("locked", flush=True)
        time.sleep(float(seconds))


def hold_reading(path: str) -> None:
    """Keep one read state until standard input ends; print once it is held."""
    with GraphStore.open(url_of(path), read_only=True) as store, store.reading():
        print("reading", flush=True)
        sys.stdin.read()


def die_in_erase(path: str, user: str, step: str) -> None:
    """Erase a user and be killed on entering a step of `graphrec.store.erasure`."""

    def killed(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(erasure, step, killed)
    with GraphStore.open(url_of(path)) as store:
        store.erase(user)


def write_as_nobody(path: str, mode: str) -> None:
    """Without root's rights: read the store, then write to it or open it for writing; print what happened."""
    os.setgid(65534)
    os.setuid(65534)
    try:
        with GraphStore.open(url_of(path), read_only=mode == "read") as store:
            print(store.count_nodes("recipe"))
            if mode == "write":
                with store.writing() as writer:
                    writer.add_nodes("recipe", [("new", None)])
    except GraphRecError as error:
        print(f"{type(error).__name__}: {error}")


def fill_up(path: str, limit: str) -> None:
    """Write until the largest allowed file size stops it, then read what was there before."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    with GraphStore.open(url_of(path)) as store:
        before = store.count_nodes("recipe")
        try:
            with store.writing() as writer:
                writer.add_nodes("recipe", [(f"big{row}", "x" * 500) for row in range(20_000)])
            print("written")
        except GraphRecError as error:
            print(f"{type(error).__name__}: {error}")
        print(store.count_nodes("recipe") == before)


PROGRAMS: tuple[Callable[..., None], ...] = (
    import_batches, teach_on, count_up, read_pairs, hold_lock, hold_reading, die_in_erase, write_as_nobody, fill_up,
)  # fmt: skip

if __name__ == "__main__":
    {program.__name__: program for program in PROGRAMS}[sys.argv[1]](*sys.argv[2:])
