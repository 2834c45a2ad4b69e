"""Kaggle as a source, against a server on the loopback that speaks its protocol."""

import json
import socket
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sluice.data.kaggle import Kaggle, download
from sluice.errors import ParamsError, SourceError
from sluice.params import parse_section

TABLE = b"text,label\ngood,positive\nbad,negative\n"
TOKEN = "KGAT_a-token-that-nobody-may-see"


class Server(ThreadingHTTPServer):
    """Answers for the data set someone/reviews, version 3, file reviews.csv."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status: int | None = None  # what to answer with, whatever is asked
        self.released = threading.Event()  # answers wait for it
        self.released.set()
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None: ...

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.released.wait(30)
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        call = self.path.rpartition("/")[2]
        self.server.asked.append(call)
        self.server.authorizations.append(self.headers["Authorization"])
        known = (request["ownerSlug"], request["datasetSlug"]) == ("someone", "reviews")
        if self.server.status is not None:
            # A careless server that repeats the token it was sent.
            echo = {"code": self.server.status, "message": f"no: {self.headers['Authorization']}"}
            self.answer(self.server.status, json.dumps(echo).encode())
        elif known and call == "GetDataset":
            self.answer(200, json.dumps({"currentVersionNumber": 3}).encode())
        elif known and call == "DownloadDataset" and request["fileName"] == "reviews.csv":
            self.answer(200, TABLE, "text/csv")
        else:
            self.answer(404, json.dumps({"code": 404, "message": "not found"}).encode())


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A server that kagglehub is led to, as through a proxy; nobody is logged in."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def reviews(**changes: Any) -> Kaggle:
    return Kaggle(**{"slug": "someone/reviews", "file": "reviews.csv"} | changes)


def test_fetches_the_newest_version_without_an_account(kaggle: Server) -> None:
    path, version = download(reviews())
    assert path.read_bytes() == TABLE
    assert version == "3"
    assert kaggle.asked == ["GetDataset", "DownloadDataset"]
    assert kaggle.authorizations == [None, None]


def test_a_pinned_version_is_fetched_once_and_then_needs_no_network(kaggle: Server) -> None:
    first = download(reviews(version=3))
    kaggle.status = 500
    assert download(reviews(version=3)) == first
    assert kaggle.asked == ["DownloadDataset"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slug": "someone/else"}, "no data set 'someone/else'.*ingest.kaggle.slug"),
        ({"file": "other.csv"}, "has no file 'other.csv'.*ingest.kaggle.file"),
        ({"version": 9, "file": "x.csv"}, "version 9 has no file 'x.csv'.*ingest.kaggle.version"),
    ],
)
def test_what_does_not_exist_is_named(
    kaggle: Server, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        download(reviews(**changes))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "does not accept the credentials.*KAGGLE_API_TOKEN.*a public data set needs none"),
        (403, "does not exist, is private, or asks for consent"),
        (503, "HTTP 503.*try again later"),
    ],
)
def test_a_refusal_is_explained_without_the_token(
    kaggle: Server, status: int, message: str, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    kaggle.status = status
    with pytest.raises(SourceError, match=message) as caught:
        download(reviews())
    assert kaggle.authorizations == [f"Bearer {TOKEN}"]
    shown = "".join(traceback.format_exception(caught.value)) + "".join(capfd.readouterr())
    assert TOKEN not in shown
    assert caught.value.__context__ is None


def test_a_token_with_a_line_break_is_refused_and_not_shown(
    kaggle: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", f"{TOKEN}\nx")
    with pytest.raises(SourceError, match="credentials are malformed") as caught:
        download(reviews())
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_broken_file_of_credentials_is_named(kaggle: Server, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "kaggle.json").write_text("{")
    with pytest.raises(SourceError, match="credentials are malformed"):
        download(reviews())


def test_requests_that_kagglehub_prints_do_not_reach_our_output(
    kaggle: Server, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")  # there kagglehub prints all headers
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    assert download(reviews())[0].read_bytes() == TABLE
    assert kaggle.authorizations[0] == f"Bearer {TOKEN}"
    assert "".join(capfd.readouterr()) == ""


def test_no_network(kaggle: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    with pytest.raises(SourceError, match=r"cannot be reached.*check the network.*pins a copy"):
        download(reviews())


def test_a_network_that_hangs_is_given_up(kaggle: Server) -> None:
    kaggle.released.clear()
    with pytest.raises(SourceError, match=r"within 2 s.*ingest.kaggle.timeout_seconds"):
        download(reviews(timeout_seconds=2.0))


def test_an_answer_that_is_no_answer_names_its_kind(
    kaggle: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    kaggle.status = 200  # a code and a message where a data set should be described
    with pytest.raises(SourceError, match=r"cannot be fetched \(\w+\).*source: csv"):
        download(reviews())


def test_a_cache_that_cannot_be_written_is_an_error_of_the_system(
    kaggle: Server, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="kagglehub's cache"):
        download(reviews())


@pytest.mark.parametrize(
    "key",
    [
        {"slug": "reviews"},
        {"slug": "../.."},
        {"slug": "a/b/c"},
        {"file": "../reviews.csv"},
        {"file": "/etc/passwd"},
        {"file": ""},
        {"version": 0},
        {"timeout_seconds": 0.0},
    ],
)
def test_names_that_leave_the_data_set_are_refused(key: dict[str, Any]) -> None:
    with pytest.raises(ParamsError, match=f"kaggle.{next(iter(key))}"):
        parse_section(key, Kaggle, "kaggle")
