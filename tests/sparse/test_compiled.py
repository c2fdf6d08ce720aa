from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from graphrec.errors import MissingExtraError


def test_without_numba_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec("graphrec.sparse.compiled")
    assert spec is not None and spec.loader is not None
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingExtraError, match=r"graphrec\[train\]"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_a_function_whose_code_cannot_be_kept_is_compiled_all_the_same() -> None:
    pytest.importorskip("numba")
    from graphrec.sparse.compiled import compiled

    namespace: dict[str, object] = {}
    exec("def double(x):\n    return 2 * x", namespace)  # no file, so no folder beside it
    assert compiled(namespace["double"])(4) == 8  # type: ignore[type-var]


def test_views_are_frozen_and_the_arrays_are_not() -> None:
    pytest.importorskip("numba")
    from graphrec.sparse.compiled import frozen

    values = np.arange(3)
    view = frozen(values)
    assert np.shares_memory(view, values) and values.flags.writeable and not view.flags.writeable
