"""Downloading OGB data sets: only when asked, resumable, remembered by their SHA-256.

What is verified. OGB publishes no digests, so nothing can prove that the first copy is the right one beyond what
https says of the server. What is done instead: the archive must have the announced length and pass the CRC of
every member; its size and SHA-256 are then recorded beside it (`arxiv.zip.json`), and any later copy must match
this record. Whoever knows the digest from elsewhere gives it (`--sha256`), and the first copy is held to it too.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import stat
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from graphrec.bundle.folders import replace_text
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError, StoreError
from graphrec.ogb.loading import folder_name, meta_info
from graphrec.store.snapshot_files import sync_file

TIMEOUT = 60.0
"""Seconds without a byte after which a connection is given up."""
_CHUNK = 1 << 20
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Progress = Callable[[int, int | None], None]


def download_dataset(
    name: str, root: str | Path, *, sha256: str | None = None, progress: Progress | None = None
) -> Path:
    """Fetch and unpack a data set that is not there yet; one that is there is left alone.

    Args:
        root: the data set becomes `ROOT/ogbn_arxiv`, its archive stays out of the way in `ROOT/downloads`.
        sha256: the digest that the archive must have, 64 hex digits.
        progress: takes bytes so far and bytes in all (None where the server does not say).

    Returns:
        The data set's folder.

    Raises:
        CorruptionError: the archive is damaged, or is not what the record or `sha256` says.
        NotFoundError, StoreError: the server does not have it or cannot be reached; the disk refuses.
    """
    target = Path(root) / folder_name(name)
    if target.is_dir():
        return target
    archive = fetch(_secure(meta_info(name, target)["url"]), Path(root) / "downloads", sha256=sha256, progress=progress)
    unpack(archive, target)
    archive.unlink()
    return target


def fetch(url: str, folder: Path, *, sha256: str | None = None, progress: Progress | None = None) -> Path:
    """Download one file into a folder, going on where an earlier attempt broke off.

    The file grows under a temporary name; it gets its own only when its length is what the server announced and
    its SHA-256 is that of `sha256` and of the record of an earlier download, where there are such. The record
    lies beside it: `NAME.json` with `url`, `bytes` and `sha256`.

    Raises:
        InvalidInputError: a URL that is not https (this machine itself may be asked by http), or `sha256` that
            is no SHA-256.
        CorruptionError, NotFoundError, StoreError: see :func:`download_dataset`.
    """
    _check_url(url)
    if sha256 is not None and not (len(sha256) == 64 and set(sha256.lower()) <= set("0123456789abcdef")):
        raise InvalidInputError(f"--sha256 takes 64 hexadecimal digits, not {sha256!r}.")
    target = folder / PurePosixPath(urlsplit(url).path).name
    record = target.with_name(f"{target.name}.json")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not target.is_file():
            part = target.with_name(f"{target.name}.part")
            _resume(url, part, progress)
            _hold_to(part, sha256, _recorded(record), url)
            part.replace(target)
        else:
            _hold_to(target, sha256, _recorded(record), url)
        _record(record, url, target)
    except urllib.error.HTTPError as error:
        raise NotFoundError(
            f"{url} cannot be had: the server answers {error.code} {error.reason}."
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise StoreError(
            f"The download of {url} broke off ({reason}); run it again, it goes on from there."
        ) from error
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return target


def unpack(archive: Path, target: Path) -> None:
    """Unpack an archive whose members all lie in one folder, and make that folder `target`.

    Before anything is written every member's CRC is computed, and a member that is a link, or whose name leads
    out of the folder, refuses the whole archive.

    Raises:
        CorruptionError: no zip file, a damaged or malicious one, or one without a single folder.
        StoreError: the disk refuses, or `target` exists.
    """
    draft = target.with_name(f".{target.name}.unpacking")
    try:
        with zipfile.ZipFile(archive) as opened:
            top = _check_members(archive, opened)
            if target.exists():
                raise StoreError(f"{target} exists; delete it before another copy is unpacked.")
            shutil.rmtree(draft, ignore_errors=True)
            opened.extractall(draft)
        _flush(draft)
        (draft / top).rename(target)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise CorruptionError(
            f"{archive} is no sound zip file ({error}); delete it, download it again."
        ) from error
    except OSError as error:
        raise StoreError(f"{target} cannot be unpacked: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _secure(url: str) -> str:
    """The https form of an address that ogb lists with http."""
    parts = urlsplit(url)
    return url if parts.hostname in _LOOPBACK else parts._replace(scheme="https").geturl()


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise InvalidInputError(f"{url} is not fetched: downloads take https alone.")


def _resume(url: str, part: Path, progress: Progress | None) -> None:
    """Append what is missing of a file to what is there; start anew where the server cannot."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = _open(request)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:  # nothing after the last byte: complete, or longer than the file is
            raise
        answer, have = _open(urllib.request.Request(url)), 0
    with answer:
        if have and answer.status != 206:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        with part.open("ab" if have else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                if progress:
                    progress(have, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and have != total:
        raise ConnectionError(f"{have:,} of {total:,} bytes came")


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    opener = urllib.request.build_opener(_SameSafety)
    answer: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT)
    return answer


class _SameSafety(urllib.request.HTTPRedirectHandler):
    """Follows redirects within https only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        _check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _hold_to(path: Path, sha256: str | None, recorded: dict[str, object] | None, url: str) -> None:
    """Refuse, and delete, a file that is not what was asked for or what came before."""
    wanted = {"--sha256": sha256.lower() if sha256 else None, "the record": (recorded or {}).get("sha256")}
    found = _digest(path)
    for source, digest in wanted.items():
        if digest is not None and digest != found:
            path.unlink()
            raise CorruptionError(
                f"{url} gave a file with SHA-256 {found} where {source} says {digest}; it was deleted. If OGB has "
                f"published another release, delete {path.name.removesuffix('.part')}.json in {path.parent}."
            )


def _recorded(record: Path) -> dict[str, object] | None:
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CorruptionError(f"{record} is damaged; delete it to trust the next download anew.") from error
    return found if isinstance(found, dict) else None


def _record(record: Path, url: str, target: Path) -> None:
    text = json.dumps({"url": url, "bytes": target.stat().st_size, "sha256": _digest(target)}, indent=1)
    replace_text(record, text + "\n")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_members(archive: Path, opened: zipfile.ZipFile) -> str:
    """The one folder that all members lie in."""
    tops = set()
    for member in opened.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise CorruptionError(f"{archive} wants to write to {member.filename!r}; do not use it.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise CorruptionError(f"{archive} holds a link, {member.filename!r}; do not use it.")
        tops.add(path.parts[0])
    broken = opened.testzip()
    if broken is not None:
        raise CorruptionError(f"{archive} is damaged at {broken!r}; delete it, download it again.")
    if len(tops) != 1:
        raise CorruptionError(f"{archive} holds {len(tops)} folders where one data set is expected.")
    return str(tops.pop())


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            sync_file(path)
