"""An intent model as a folder.

* `nlu.json`: intents, domains, temperature, threshold, the encoder's name and fingerprint, digests of the files
* `intents.safetensors`: weights and biases
* `README.md`: the model card
* `encoder.safetensors`: an encoder that was fitted on the training texts travels along
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.bundle.format import digest, manifest_digest, plain
from graphrec.bundle.safetensors_io import map_file, read_safetensors, write_safetensors
from graphrec.errors import BundleMismatchError, CorruptionError, NotFoundError, SchemaVersionError
from graphrec.nlu.intents.card import intent_card
from graphrec.nlu.intents.model import IntentModel
from graphrec.nlu.intents.scores import SCORES

if TYPE_CHECKING:
    from graphrec.encoders import Encoder

FORMAT = 1
MANIFEST, ARRAYS, CARD, ENCODER = "nlu.json", "intents.safetensors", "README.md", "encoder.safetensors"


def save_model(model: IntentModel, directory: Path) -> Path:
    """See :meth:`IntentModel.save`."""
    import graphrec

    with replacing_folder(directory, MANIFEST, "intent model") as folder:
        write_safetensors(folder / ARRAYS, {"weights": model.weights, "bias": model.bias})
        write_text(folder / CARD, intent_card(model))
        travels = _pack(model.encoder, folder / ENCODER)
        files = {path.name: digest(map_file(path)) for path in sorted(folder.iterdir())}
        manifest = plain(
            {
                "format": FORMAT,
                "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                "graphrec": graphrec.__version__,
                "encoder": {
                    "name": model.encoder.name,
                    "fingerprint": model.encoder.fingerprint,
                    "dim": model.encoder.dim,
                    "travels": travels,
                },
                "intents": model.intents,
                "domains": model.domains,
                "score": model.score,
                "temperature": model.temperature,
                "threshold": model.threshold,
                "data": model.digest,
                "report": dict(model.report),
                "files": files,
            }
        )
        manifest["sha256"] = manifest_digest(manifest)
        write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return directory


def load_model(directory: Path, encoder: Encoder | None) -> IntentModel:
    """See :meth:`IntentModel.load`."""
    manifest = _manifest(directory / MANIFEST)
    try:
        return _assemble(directory, manifest, encoder)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        if isinstance(error, NotFoundError):
            raise
        raise CorruptionError(
            f"The intent model {directory} does not fit together ({error}); train it again."
        ) from error


def _manifest(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(
            f"There is no intent model at {path.parent} (no {path.name}); run graphrec nlu train."
        ) from None
    except OSError as error:
        raise CorruptionError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        manifest = json.loads(text)
        version, found = int(manifest["format"]), manifest["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptionError(f"{path} is no readable manifest ({error}); train the model again.") from error
    if version > FORMAT:
        raise SchemaVersionError(
            f"{path} has format {version}, this graphrec reads up to {FORMAT}; update graphrec."
        )
    if found != manifest_digest(manifest):
        raise CorruptionError(f"{path} is not what was written; train the model again.")
    return dict(manifest)


def _assemble(directory: Path, manifest: Mapping[str, Any], encoder: Encoder | None) -> IntentModel:
    for name, expected in manifest["files"].items():
        _check_file(directory / name, expected)
    arrays = read_safetensors(directory / ARRAYS)
    weights, bias = np.array(arrays["weights"]), np.array(arrays["bias"])
    described = manifest["encoder"]
    intents, domains = tuple(manifest["intents"]), tuple(manifest["domains"])
    sizes = (described["dim"], len(bias))
    if weights.shape != sizes or len(domains) != len(intents) or len(bias) - len(intents) not in (0, 1):
        raise ValueError(f"weights {weights.shape}, {len(bias)} biases, {len(intents)} intents")
    if manifest["score"] not in SCORES or not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ValueError(f"score {manifest['score']!r}, or weights that are no numbers")
    return IntentModel(
        intents=intents, domains=domains, weights=weights, bias=bias,
        temperature=float(manifest["temperature"]), threshold=float(manifest["threshold"]),
        score=manifest["score"], encoder=_encoder(directory, described, encoder), digest=manifest["data"],
        report=manifest["report"],
    )  # fmt: skip


def _check_file(path: Path, expected: str) -> None:
    try:
        found = digest(map_file(path))
    except OSError as error:
        raise CorruptionError(f"{path} cannot be read: {error.strerror}; train the model again.") from error
    if found != expected:
        raise CorruptionError(f"{path} is not what was written; train the model again.")


def _encoder(directory: Path, described: Mapping[str, Any], given: Encoder | None) -> Encoder:
    from graphrec.encoders import for_classes

    name = described["name"]
    found = given or _unpack(directory, described)
    if name == f"{found.name}-layers":  # named by its folder, it comes in its plain form
        found = for_classes(found, ())
    if found.fingerprint != described["fingerprint"]:
        raise BundleMismatchError(
            f"The intent model {directory} was trained with another encoder ({name}, fingerprint "
            f"{described['fingerprint'][:12]}) than {found.name} ({found.fingerprint[:12]}); use that one, or "
            f"train the model again."
        )
    return found


def _pack(encoder: Encoder, path: Path) -> bool:
    """Write an encoder that was fitted on texts beside the model; others are found again by name."""
    from graphrec.encoders.ngrams import NgramEncoder

    if isinstance(encoder, NgramEncoder):
        encoder.save(path)
    return isinstance(encoder, NgramEncoder)


def _unpack(directory: Path, described: Mapping[str, Any]) -> Encoder:
    from graphrec import encoders

    if described["travels"]:
        return encoders.load_fitted(directory / ENCODER)
    return encoders.find_encoder(described["name"])
