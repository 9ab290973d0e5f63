"""Downloads: what a network that has died, or lives, looks like."""

import hashlib
import socket
import threading
import time

import pytest

from course.data import published
from course.data.published import DataProblem

CONTENT = bytes(range(256)) * 100


class Server:
    """Answers the first request with what it is told to, and says nothing more."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/file.gz"
        self.connections = []

    def answer(self, answer):
        threading.Thread(target=self._answer, args=[answer], daemon=True).start()

    def _answer(self, answer):
        connection, _ = self.socket.accept()
        self.connections.append(connection)
        connection.recv(4096)
        connection.sendall(answer)


@pytest.fixture
def server():
    started = Server()
    with started.socket:
        yield started
    for connection in started.connections:
        connection.close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty one, and nothing elsewhere."""
    monkeypatch.delenv("LAYERWISE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config.keras_home", lambda: str(tmp_path))
    return tmp_path / "datasets/layerwise/mnist"


def http(content):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
    return head.encode() + content


def asked_for(url):
    return "mnist", "file.gz", url, hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("answer", [b"", http(CONTENT[:99])], ids=["none", "half"])
def test_a_server_that_falls_silent_ends_with_what_to_put_where(
    cache, monkeypatch, server, answer
):
    monkeypatch.setattr(published, "_PATIENCE", 0.3)
    server.answer(answer)
    before, started = socket.getdefaulttimeout(), time.monotonic()
    with pytest.raises(DataProblem, match=r"could not be downloaded: .*timed out") as e:
        published.read(*asked_for(server.url))
    assert time.monotonic() - started < 10
    assert f"Without a network: get {server.url} elsewhere" in str(e.value)
    assert "LAYERWISE_DATA" in str(e.value)
    assert socket.getdefaulttimeout() == before
    assert list(cache.iterdir()) == []


def test_a_download_shows_how_far_it_is_and_is_kept(cache, server, capsys):
    data_set, filename, _, sha256 = asked = asked_for(server.url)
    assert not published.is_here(data_set, filename, sha256)
    server.answer(http(CONTENT))
    assert published.read(*asked) == CONTENT
    said = capsys.readouterr().out
    assert f"Downloading data from {server.url}" in said
    assert f"{len(CONTENT)}/{len(CONTENT)}" in said
    assert published.is_here(data_set, filename, sha256)
    assert published.read(*asked) == CONTENT  # the server answers but once
    (cache / filename).write_bytes(CONTENT[:-1])
    assert not published.is_here(data_set, filename, sha256)


def test_a_download_of_another_file_is_refused(cache, server):
    server.answer(http(CONTENT[::-1]))
    with pytest.raises(DataProblem, match=r"needs file\.gz, which could not"):
        published.read(*asked_for(server.url))


def test_a_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("LAYERWISE_DATA", str(tmp_path / "mising"))
    with pytest.raises(DataProblem, match="mising, but there is no such folder"):
        published.read(*asked_for("http://nowhere.invalid/"))
