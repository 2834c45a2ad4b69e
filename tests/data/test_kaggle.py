"""Kaggle as a source, against a server on the loopback that speaks its protocol."""

import json
import shutil
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sluice.data.kaggle import Kaggle, download
from sluice.data.kaggle_fetch import fetch_apart
from sluice.errors import ParamsError, SourceError
from sluice.params import parse_section
from sluice.stages.ingest import ingest

TABLE = b"text,label\ngood,positive\nbad,negative\n"
HALF = 0
TOKEN = "KGAT_a-token-that-nobody-may-see"


class Server(ThreadingHTTPServer):
    """Answers for the data set someone/reviews, version 3, file reviews.csv."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status: int | None = None  # what to answer with, whatever is asked
        self.released = threading.Event()  # answers wait for it
        self.released.set()
        self.failures: list[int] = []  # statuses of the first answers; HALF breaks off
        self.retry_after: str | None = None
        self.resumable = False
        self.asked: list[str] = []
        self.times: list[float] = []
        self.authorizations: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None: ...

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.server.retry_after is not None and status >= 400:
            self.send_header("Retry-After", self.server.retry_after)
        if self.server.resumable:
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        half = status == 200 and self.server.failures[:1] == [HALF] and body == TABLE
        self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self.server.failures.pop(0)

    def do_GET(self) -> None:  # the rest of a file of which half has come
        first = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.server.asked.append("Range")
        self.answer(206, TABLE[first:], "text/csv")

    def do_POST(self) -> None:
        self.server.times.append(time.monotonic())
        self.server.released.wait(30)
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        call = self.path.rpartition("/")[2]
        self.server.asked.append(call)
        self.server.authorizations.append(self.headers["Authorization"])
        failure = next(iter(self.server.failures), HALF)
        if failure != HALF:
            self.server.failures.pop(0)
            self.answer(failure, b"{}")
            return
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
    quick = {"slug": "someone/reviews", "file": "reviews.csv", "delay_seconds": 0.0}
    return Kaggle(**quick | changes)


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
    assert set(kaggle.authorizations) == {f"Bearer {TOKEN}"}
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
        download(reviews(timeout_seconds=2.0, tries=2))
    assert len(kaggle.times) == 2


@pytest.mark.parametrize("failures", [[500], [429], [HALF]])
def test_what_passes_is_tried_again(
    kaggle: Server, failures: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    kaggle.failures = list(failures)
    path, version = download(reviews())
    assert (path.read_bytes(), version) == (TABLE, "3")
    assert len(caplog.messages) == len(failures)
    assert all("follows in" in line for line in caplog.messages)


def test_half_a_file_is_resumed_where_the_server_can(kaggle: Server) -> None:
    kaggle.failures, kaggle.resumable = [HALF], True
    assert download(reviews())[0].read_bytes() == TABLE
    assert kaggle.asked[-1] == "Range"


def test_half_a_file_is_never_taken_for_a_whole_one(kaggle: Server) -> None:
    kaggle.failures = [HALF] * 3
    with pytest.raises(SourceError, match=r"broke off in the middle.*nothing of it is used"):
        download(reviews(version=3))
    kaggle.failures = [500, 500, 500]  # what half came is no copy that needs no network
    with pytest.raises(SourceError, match="HTTP 500"):
        download(reviews(version=3))


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, Any]], list[float]]:
    """Answers of tries without a process, repeated for ever, and the delays between them."""
    answers: list[dict[str, Any]] = []
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    monkeypatch.setattr(
        "sluice.data.kaggle.fetch_apart", lambda *_: answers[len(slept) % len(answers)]
    )
    return answers, slept


def http(status: int, after: float = 0.0) -> dict[str, Any]:
    return {"problem": "http", "status": status, "step": "set", "after": after}


@pytest.mark.parametrize(
    "answer",
    [http(408), http(429), http(500), http(503), {"problem": "connection"}, {"problem": "timeout"}],
)
def test_it_is_given_up_after_the_tries_that_were_asked_for(tries: Any, answer: Any) -> None:
    answers, slept = tries
    answers += [answer]
    with pytest.raises(SourceError):
        download(reviews(tries=4))
    assert len(slept) == 3


@pytest.mark.parametrize(
    "answer",
    [
        *[http(status) for status in (400, 401, 403, 404)],
        {"problem": "certificate"},
        {"problem": "credentials"},
        {"problem": "other", "type": "KeyError"},
    ],
)
def test_a_refusal_that_stays_is_not_tried_again(tries: Any, answer: Any) -> None:
    answers, slept = tries
    answers += [answer]
    with pytest.raises(SourceError):
        download(reviews())
    assert slept == []


def test_delays_double_and_are_jittered(tries: Any) -> None:
    answers, slept = tries
    answers += [http(500)]
    for _ in range(2):
        with pytest.raises(SourceError):
            download(reviews(tries=6, delay_seconds=8.0))
    for turn, least in enumerate((8, 16, 32, 60, 60)):
        assert least <= slept[turn] <= least + 8
    assert slept[:5] != slept[5:]


@pytest.mark.parametrize(("asked", "delay"), [(9.0, 9.0), (99999.0, 60.0)])
def test_a_server_may_ask_for_a_longer_delay_within_limits(
    tries: Any, asked: float, delay: float
) -> None:
    answers, slept = tries
    answers += [http(429, asked), {"path": "/cache/versions/3/reviews.csv"}]
    assert download(reviews())[1] == "3"
    assert slept == [delay]


def test_what_the_server_says_of_a_delay_is_read(kaggle: Server) -> None:
    kaggle.status, kaggle.retry_after = 429, "7"
    assert fetch_apart("someone/reviews", "reviews.csv", 60.0) == http(429, 7.0)


@pytest.mark.parametrize("failure", [500, HALF])
def test_earlier_data_stays_when_kaggle_fails(
    kaggle: Server, failure: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = {"slug": "someone/reviews", "file": "reviews.csv", "delay_seconds": 0.0, "tries": 2}
    section = {"source": "kaggle", "kaggle": wanted, "labels": ["negative", "positive"]}
    Path("params.yaml").write_text(json.dumps({"ingest": section}))
    outputs = [tmp_path / name for name in ("rows.parquet", "rejected.csv", "provenance.json")]
    ingest(*outputs)
    before = [path.read_bytes() for path in outputs]
    shutil.rmtree(tmp_path / "cache")
    kaggle.failures = [failure] * 2
    with pytest.raises(SourceError):
        ingest(*outputs)
    assert [path.read_bytes() for path in outputs] == before
    assert not list(tmp_path.glob("*.part"))
    ingest(*outputs)
    assert [path.read_bytes() for path in outputs] == before


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
        {"tries": 0},
        {"delay_seconds": 61.0},
    ],
)
def test_names_that_leave_the_data_set_are_refused(key: dict[str, Any]) -> None:
    with pytest.raises(ParamsError, match=f"kaggle.{next(iter(key))}"):
        parse_section(key, Kaggle, "kaggle")
