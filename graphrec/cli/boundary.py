"""Where every error of a command ends: one line on stderr and exit status 2."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import typer

from graphrec.errors import GraphRecError

# Recent typer carries its own copy of click, older ones depend on it; both derive BadParameter alike.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_ClickError: type[Exception] = typer.BadParameter.__mro__[2]

_EXTRA_OF = {
    "torch": "train", "torch_geometric": "train", "networkx": "train", "ogb": "train",
    "pyarrow": "parquet", "dgl": "dgl", "faiss": "ann", "tokenizers": "encoder", "igraph": "discovery",
    "sklearn": "discovery",
}  # fmt: skip


def guarded(command: Callable[[], object]) -> int:
    """Run a command and give its exit status: 0, or 2 after one clear line.

    A reader that goes away (`graphrec recommend ... | head -1`) is no error. With
    `GRAPHREC_DEBUG` set, errors keep their traceback.
    """
    try:
        result = command()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except typer.Exit as done:
        return int(done.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("Interrupted; whatever was committed before stays, nothing is half-written.")
    except BrokenPipeError:
        _drop_stdout()
        return 0
    except Exception as error:
        if os.environ.get("GRAPHREC_DEBUG") and not isinstance(error, _ClickError):
            raise
        return _fail(describe(error))


def describe(error: Exception) -> str:
    """What to tell the person: one line, without the machinery."""
    if isinstance(error, _UsageError):
        text = str(error.format_message()) if hasattr(error, "format_message") else str(error)
        return f"{text} Try 'graphrec {_command_of(error)}--help'."
    if isinstance(error, _ClickError) and hasattr(error, "format_message"):
        return str(error.format_message())
    if isinstance(error, GraphRecError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        extra = _EXTRA_OF.get(error.name.partition(".")[0])
        if extra:
            return f"This needs {error.name}, which is not installed; run: pip install 'graphrec[{extra}]'."
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    if isinstance(error, MemoryError):
        return "Out of memory; use a smaller catalogue, model or batch."
    kind = type(error).__name__
    return f"Unexpected {kind}: {error}. Set GRAPHREC_DEBUG=1 for the traceback and please report it."


def _command_of(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = str(getattr(context, "command_path", "")).split()[1:]
    return "".join(f"{part} " for part in path)


def _fail(message: str) -> int:
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        print("graphrec: " + " ".join(message.split()), file=sys.stderr)
    return 2


def _drop_stdout() -> None:
    # The interpreter flushes stdout once more on its way out and would complain about the closed pipe.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
