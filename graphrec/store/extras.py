"""Optional installs, loaded when first used: the store itself must import without them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from graphrec.errors import MissingExtraError


def require(module: str, extra: str, *, note: str = "") -> Any:
    """Import an optional module.

    Raises:
        MissingExtraError: it is not installed, or fails to load; the message names the extra that brings it.
    """
    try:
        return import_module(module)
    except (ImportError, OSError) as error:  # OSError: a shared library of another platform
        raise MissingExtraError(
            f"This needs {module}, which cannot be imported ({error}); "
            f"run: pip install 'graphrec[{extra}]'{note}."
        ) from error
