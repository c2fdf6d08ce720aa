"""graphrec: a catalogue, its users and what they did as one graph; recommendations with reasons from it.

The public names load on first use: `import graphrec` takes milliseconds, without SciPy or SQLAlchemy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec.nlu import Recommender
    from graphrec.ranking import GraphQuery, NodeRef
    from graphrec.store import GraphSnapshot, GraphStore

__version__ = "0.1.0"

__all__ = ["GraphQuery", "GraphSnapshot", "GraphStore", "NodeRef", "Recommender", "__version__"]

_HOME = {
    "GraphStore": "graphrec.store",
    "GraphSnapshot": "graphrec.store",
    "Recommender": "graphrec.nlu",
    "GraphQuery": "graphrec.ranking",
    "NodeRef": "graphrec.ranking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'graphrec' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
