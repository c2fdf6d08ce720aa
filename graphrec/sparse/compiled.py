"""Compiling a function with numba: no GIL while it runs, machine code kept on disk where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import MissingExtraError

try:
    from numba import njit
except ImportError as error:
    raise MissingExtraError("Neighbour sampling needs numba: pip install 'graphrec[train]'.") from error

Int = NDArray[np.integer[Any]]
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call. Arithmetic on unsigned integers wraps; array bounds are not checked.

    The code on disk is renewed when the function's own file changes. Whoever changes a kernel that others call
    from another file deletes `__pycache__`.
    """
    try:
        return cast(F, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return cast(F, njit(nogil=True)(function))


def frozen(values: Int) -> Int:
    """A read-only view: one compiled form serves arrays in memory and mapped files."""
    view = values.view(np.ndarray)
    view.flags.writeable = False
    return view
