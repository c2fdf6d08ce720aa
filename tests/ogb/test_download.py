"""Downloads from a server of our own: resumed, remembered, refused."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError, StoreError
from graphrec.ogb.download import download_dataset, fetch, unpack


class Server(ThreadingHTTPServer):
    """Serves one body at `/arxiv.zip`; a number of answers break off after some bytes."""

    body = b""
    ranges = True
    breaks: list[int]
    asked: list[str | None]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://example.org/arxiv.zip")
            self.end_headers()
            return
        if self.path != "/arxiv.zip":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and self.server.ranges else 0
        if start and start >= len(self.server.body):
            self.send_error(416)
            return
        part = self.server.body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        cut = self.server.breaks.pop(0) if self.server.breaks else len(part)
        self.wfile.write(part[:cut])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), _Handler)
    found.breaks, found.asked = [], []
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def _url(server: Server, path: str = "/arxiv.zip") -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


SOUND = {"arxiv/RELEASE_v1.txt": b"one", "arxiv/raw/data.npz": bytes(range(256)) * 20}


def test_what_arrives_is_recorded_with_its_size_and_digest(server: Server, tmp_path: Path) -> None:
    server.body = _zip(SOUND)
    seen: list[tuple[int, int | None]] = []
    found = fetch(_url(server), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert found.read_bytes() == server.body
    record = json.loads((tmp_path / "arxiv.zip.json").read_text())
    digest = hashlib.sha256(server.body).hexdigest()
    assert (record["bytes"], record["sha256"]) == (len(server.body), digest)
    assert seen[-1] == (len(server.body), len(server.body))
    assert not (tmp_path / "arxiv.zip.part").exists()


def test_a_broken_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.body, server.breaks = _zip(SOUND), [1000]
    with pytest.raises(StoreError, match="broke off"):
        fetch(_url(server), tmp_path)
    assert not (tmp_path / "arxiv.zip").exists()
    assert fetch(_url(server), tmp_path).read_bytes() == server.body
    assert server.asked == [None, "bytes=1000-"]


def test_a_server_without_ranges_sends_everything_again(server: Server, tmp_path: Path) -> None:
    server.body, server.breaks, server.ranges = _zip(SOUND), [1000], False
    with pytest.raises(StoreError):
        fetch(_url(server), tmp_path)
    assert fetch(_url(server), tmp_path).read_bytes() == server.body


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    server.body = _zip(SOUND)
    (tmp_path / "arxiv.zip.part").write_bytes(b"x" * (len(server.body) + 1))
    assert fetch(_url(server), tmp_path).read_bytes() == server.body


def test_a_digest_that_was_given_is_held_to(server: Server, tmp_path: Path) -> None:
    server.body = _zip(SOUND)
    with pytest.raises(CorruptionError, match="--sha256 says 0000"):
        fetch(_url(server), tmp_path, sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []
    fetch(_url(server), tmp_path, sha256=hashlib.sha256(server.body).hexdigest().upper())
    with pytest.raises(InvalidInputError, match="64 hexadecimal digits"):
        fetch(_url(server), tmp_path, sha256="abc")


def test_the_second_download_must_be_what_the_first_one_was(server: Server, tmp_path: Path) -> None:
    server.body = _zip(SOUND)
    fetch(_url(server), tmp_path).unlink()
    server.body = _zip({**SOUND, "arxiv/RELEASE_v1.txt": b"two"})
    with pytest.raises(CorruptionError, match="the record says"):
        fetch(_url(server), tmp_path)


def test_other_answers_and_addresses_are_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="404"):
        fetch(_url(server, "/other.zip"), tmp_path)
    for url in ("http://example.org/arxiv.zip", "ftp://example.org/arxiv.zip", "file:///etc/passwd"):
        with pytest.raises(InvalidInputError, match="https alone"):
            fetch(url, tmp_path)
    with pytest.raises(InvalidInputError, match="https alone"):
        fetch(_url(server, "/elsewhere"), tmp_path)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
    with pytest.raises(StoreError, match="run it again"):
        fetch(f"http://127.0.0.1:{port}/arxiv.zip", tmp_path)


def test_a_data_set_is_fetched_once_and_unpacked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.body = _zip(SOUND)
    monkeypatch.setattr("graphrec.ogb.download.meta_info", lambda *_: {"url": _url(server)})
    folder = download_dataset("ogbn-arxiv", tmp_path)
    assert (
        folder == tmp_path / "ogbn_arxiv"
        and (folder / "raw" / "data.npz").read_bytes()[:3] == b"\x00\x01\x02"
    )
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["arxiv.zip.json"]
    assert download_dataset("ogbn-arxiv", tmp_path) == folder and len(server.asked) == 1


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "arxiv/../../evil.txt", "c:\\evil.txt"])
def test_members_that_lead_out_of_the_folder_refuse_the_archive(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "in" / "arxiv.zip"
    archive.parent.mkdir()
    archive.write_bytes(_zip({**SOUND, name: b"x"}))
    with pytest.raises(CorruptionError, match="do not use it"):
        unpack(archive, tmp_path / "ogbn_arxiv")
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "arxiv.zip"]


def test_links_damage_and_other_files_are_refused(tmp_path: Path) -> None:
    archive, target = tmp_path / "arxiv.zip", tmp_path / "ogbn_arxiv"
    link = zipfile.ZipInfo("arxiv/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(CorruptionError, match="holds a link"):
        unpack(archive, target)
    damaged = bytearray(_zip(SOUND))
    damaged[damaged.index(bytes(range(256))) + 7] ^= 1
    archive.write_bytes(damaged)
    with pytest.raises(CorruptionError, match="damaged"):
        unpack(archive, target)
    archive.write_bytes(b"<html>not here</html>")
    with pytest.raises(CorruptionError, match="no sound zip file"):
        unpack(archive, target)
    archive.write_bytes(_zip({"a/x": b"1", "b/y": b"2"}))
    with pytest.raises(CorruptionError, match="holds 2 folders"):
        unpack(archive, target)
    assert not target.exists()
