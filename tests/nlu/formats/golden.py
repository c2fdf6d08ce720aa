"""The full example requests beside this file, and ways to change one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("golden")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
TEXT = "italian chicken recipes under thirty minutes"


def golden(name: str) -> Any:
    """A fresh copy of an example."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def changed(name: str, path: str, value: Any) -> Any:
    """An example with another value at a path such as `request.intent.slots.diet`; `del` removes the key."""
    data = golden(name)
    place, keys = data, path.split(".")
    for key in keys[:-1]:
        place = place[int(key) if isinstance(place, list) else key]
    last = int(keys[-1]) if isinstance(place, list) else keys[-1]
    if value is del_:
        del place[last]
    else:
        place[last] = copy.deepcopy(value)
    return data


del_ = object()
"""In place of a value: the key goes."""
