"""A counter-based random generator for compiled kernels: any stream from a key, the same on every machine.

SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): the i-th number of
a stream is a bijective hash of `key + i * GAMMA`. A key is hashed from whatever names the stream (seed, epoch,
batch, hop), so no generator is shared between threads and no draw depends on what was drawn elsewhere.
"""

from __future__ import annotations

import numpy as np

from graphrec.sparse.compiled import compiled

GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_RANGE = np.uint64(1 << 32)
_MASK = (1 << 64) - 1


def stream_key(*parts: int) -> np.uint64:
    """A key from integers of any size and sign; the order of the parts counts."""
    key = 0
    for part in parts:
        key = _mix_int((key + int(GAMMA)) & _MASK ^ (part & _MASK))
    return np.uint64(key)


def _mix_int(value: int) -> int:
    """:func:`mix` for Python's integers."""
    value = (value ^ value >> 30) * int(_FIRST) & _MASK
    value = (value ^ value >> 27) * int(_SECOND) & _MASK
    return value ^ value >> 31


@compiled
def mix(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser, a bijection of 64 bits in which every input bit reaches every output bit."""
    value = (value ^ (value >> _30)) * _FIRST
    value = (value ^ (value >> _27)) * _SECOND
    return value ^ (value >> _31)


@compiled
def draw_below(state: np.uint64, size: np.uint64) -> tuple[np.uint64, np.uint64]:
    """A uniform integer in `0..size-1` and the next state; `size` in `1..2**32`.

    Without bias: Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019.
    """
    state += GAMMA
    product = (mix(state) >> _32) * size
    if (product & _LOW) < size:
        threshold = (_RANGE - size) % size
        while (product & _LOW) < threshold:
            state += GAMMA
            product = (mix(state) >> _32) * size
    return product >> _32, state
