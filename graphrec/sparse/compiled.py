"""Compiling a function with numba: no GIL while it runs, machine code kept on disk where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from graphrec.errors import MissingExtraError

try:
    from numba import njit
except ImportError as error:
    raise MissingExtraError("Neighbour sampling needs numba: pip install 'graphrec[train]'.") from error

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call. Arithmetic on unsigned integers wraps; array bounds are not checked."""
    try:
        return cast(F, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return cast(F, njit(nogil=True)(function))
