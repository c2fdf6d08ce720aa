"""Models by name, imported on first use: `popularity` must not pay for torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from graphrec.errors import ConfigError
from graphrec.models.base import Model

_CLASSES: dict[str, tuple[str, str]] = {
    "popularity": ("graphrec.models.popularity", "Popularity"),
    "item_knn": ("graphrec.models.item_knn", "ItemKNN"),
    "rp3beta": ("graphrec.models.rp3beta", "RP3beta"),
    "ease": ("graphrec.models.ease", "EASE"),
    "lightgcn": ("graphrec.models.lightgcn", "LightGCN"),
    "kgat": ("graphrec.models.kgat", "KGAT"),
    "ckgat": ("graphrec.models.ckgat", "CKGAT"),
}


def model_names() -> tuple[str, ...]:
    """Every name that :func:`model_class` knows."""
    return tuple(_CLASSES)


def model_class(name: str) -> type[Model]:
    """The class of a model.

    Raises:
        ConfigError: no model has that name.
    """
    if name not in _CLASSES:
        raise ConfigError(f"Unknown model {name!r}; choose one of {', '.join(_CLASSES)}.")
    module, attribute = _CLASSES[name]
    found: type[Model] = getattr(import_module(module), attribute)
    return found


def create_model(name: str, settings: Mapping[str, Any] | None = None) -> Model:
    """A model with defaults overridden by `settings`; values may be strings, as `--set key=value` gives.

    Raises:
        ConfigError: an unknown model, an unknown setting or an impossible value; the message names it.
    """
    found = model_class(name)
    try:
        config = found.config_class.model_validate(dict(settings or {}))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or name
        known = ", ".join(found.config_class.model_fields)
        raise ConfigError(f"Setting {key!r} of {name}: {first['msg']}; its settings are {known}.") from None
    return found(config)
