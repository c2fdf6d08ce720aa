"""Settings of a training run: a TOML file, then `--set key=value`, checked by the typed configs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from graphrec.errors import ConfigError, NotFoundError
from graphrec.training.cold_config import ColdConfig
from graphrec.training.cold_users_fit import ColdUsersConfig
from graphrec.training.memory import MemoryConfig
from graphrec.training.request_fusion import RequestConfig

Config = TypeVar("Config", bound=BaseModel)


class SplitConfig(BaseModel):
    """How interactions are held out to choose and to measure; the shipped model is then fitted on all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["auto", "time", "random"] = "auto"
    """`time`: one cut for all; `random`: a share per user; `auto`: time when all rows have one."""
    valid: float = Field(default=0.1, gt=0, lt=0.5)
    """Share held out to choose the epoch, the blend and the request scorer."""
    test: float = Field(default=0.1, gt=0, lt=0.5)
    """Share held out to measure, looked at once."""


class BlendConfig(BaseModel):
    """A closed-form item-item part that is joined to a graph model where validation says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    """Try EASE beside `ckgat` (other models are shipped alone)."""
    ridges: tuple[PositiveFloat, ...] = (100.0, 300.0, 1000.0)
    """Ridges that validation chooses from."""
    weights: tuple[NonNegativeFloat, ...] = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.5)
    """Weights of the item-item part, in units of the graph model's spread; 0 leaves it out."""
    top_weights: PositiveInt = 100
    """Weights that an item keeps."""


class RunConfig(BaseModel):
    """Everything beside the model's own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: Path | None = Field(default=None, exclude=True)
    """Folder of a feature set with dense vectors of the items. A bundle tells its digest, not where it lay."""
    split: SplitConfig = SplitConfig()
    request: RequestConfig = RequestConfig()
    blend: BlendConfig = BlendConfig()
    memory: MemoryConfig = MemoryConfig()
    cold_items: ColdConfig = ColdConfig()
    cold_users: ColdUsersConfig = ColdUsersConfig()


def load_settings(path: Path | None, overrides: Sequence[str]) -> tuple[dict[str, Any], RunConfig]:
    """Settings of the model (still raw) and of the run.

    Tables `[split]`, `[request]`, `[blend]`, `[memory]`, `[cold_items]` and `[cold_users]` and the key `features`
    belong to the run; every other key is the model's.

    Args:
        path: a TOML file, or None.
        overrides: `key=value`, dotted for a table (`request.rank=16`); they win over the file.

    Raises:
        ConfigError: a line that is no `key=value`, or an unknown or impossible setting.
        NotFoundError: no such file.
    """
    settings = _read(path) if path else {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set takes key=value, but got {text!r}.")
        _place(settings, key.strip().split("."), value.strip())
    run = {name: settings.pop(name) for name in RunConfig.model_fields if name in settings}
    return settings, validate(RunConfig, run)


def validate(config: type[Config], values: Mapping[str, Any]) -> Config:
    """Check raw values, naming the first that does not fit.

    Raises:
        ConfigError: an unknown key or a value that cannot be used.
    """
    try:
        return config.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"Setting {key!r}: {first['msg']}.") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"There is no settings file {path}; check the path.") from None
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}.") from None


def _place(settings: dict[str, Any], keys: Sequence[str], value: str) -> None:
    for key in keys[:-1]:
        settings = settings.setdefault(key, {})
        if not isinstance(settings, dict):
            raise ConfigError(f"Setting {'.'.join(keys)!r}: {key!r} is a value, not a table.")
    settings[keys[-1]] = _value(value)


def _value(text: str) -> Any:
    """The value as TOML reads it, or the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
