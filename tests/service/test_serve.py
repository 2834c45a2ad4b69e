"""`sluice serve` as a process: its port, its end, another model under load, its page."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from exported_model import COMMAND, SECONDS, Served, served, write_exported

from sluice.errors import ParamsError, ResourceError
from sluice.service.run import Address, bind, read_token
from sluice.serving.contents import Thresholds, write_bundle

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_exported(tmp_path_factory.mktemp("served") / "bundle")


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ResourceError, match=f"127.0.0.1 port {port} cannot be .*in use"):
            bind(Address("127.0.0.1", port))
    with pytest.raises(ResourceError, match=r"192\.0\.2\.1 port 0 cannot be listened on"):
        bind(Address("192.0.2.1", 0))


def test_a_token_that_is_none_is_refused(monkeypatch) -> None:
    monkeypatch.delenv("SLUICE_TOKEN", raising=False)
    assert read_token() is None
    for token in ("", "short", "x" * 20 + "\n", "é" * 20):
        monkeypatch.setenv("SLUICE_TOKEN", token)
        with pytest.raises(ParamsError, match="16 printable ASCII characters") as found:
            read_token()
        assert not token or token not in str(found.value)
    monkeypatch.setenv("SLUICE_TOKEN", "x" * 16)
    assert read_token() == "x" * 16


def ask_again(service: Served, stop: threading.Event, said: list[tuple[int, object]]) -> None:
    while not stop.is_set():
        said.append(service.ask("/predict", {"texts": ["a lovely day"]}))


@pytest.mark.slow
def test_another_model_drops_no_call_and_a_signal_waits_for_all(
    folder: Path, tmp_path: Path
) -> None:
    place, stop, said = tmp_path / "bundle", threading.Event(), list[tuple[int, object]]()
    shutil.copytree(folder, place)
    with served(place, tmp_path / "log") as service:
        threads = [threading.Thread(target=ask_again, args=(service, stop, said)) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            write_bundle(place, Thresholds(error_rate=0.1, labels={"bad": None, "good": None}), {})
            for _ in range(SECONDS * 20):
                if "now answering by" in service.log.read_text():
                    break
                threading.Event().wait(0.05)
            before = len(said)
            while len(said) < before + 20 and service.process.poll() is None:
                threading.Event().wait(0.05)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert {status for status, _ in said} == {200}
        left = [answer["answers"][0]["abstained"] for _, answer in said]
        assert left[-1]  # by the new thresholds
        assert left == sorted(left) or left.count(False) < before
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(SECONDS) == 0
    assert "a lovely day" not in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


@pytest.mark.slow
def test_a_call_that_is_there_at_the_signal_is_answered(folder: Path, tmp_path: Path) -> None:
    with served(folder, tmp_path / "log", "--texts", "5000", "--queue", "5000") as service:
        body = {"texts": [f"what a lovely day {row}" for row in range(5000)]}
        found: list[tuple[int, object]] = []
        caller = threading.Thread(
            target=lambda: found.append(service.ask("/predict", body)), daemon=True
        )
        caller.start()
        while service.read("/metrics").count("\nsluice_waiting_texts 5000.0") == 0:
            assert caller.is_alive(), "the call was answered before the signal"
        service.process.send_signal(signal.SIGTERM)
        caller.join(SECONDS)
        assert service.process.wait(SECONDS) == 0
    assert found
    assert found[0][0] == 200


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_the_page_shows_words_and_runs_no_script_of_a_text(folder: Path, tmp_path: Path) -> None:
    hostile = (
        "not <img src=x onerror=document.title='owned'> <script>document.title='owned'</script>"
    )
    with served(folder, tmp_path / "log") as service:
        command = [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000",
            f"{service.address}/#{quote(hostile)}",
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=2 * SECONDS
        )
    page = done.stdout
    assert "<title>Sluice</title>" in page
    assert "<img" not in page
    assert page.count("<script>") == 1
    assert "background: rgba(" in page  # coloured words
    assert ">not<" in page
    assert "Green speaks for" in page
    assert "by erasure" in page
    assert page.count("<meter") == 2


def test_a_port_in_use_is_one_line_for_people(folder: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        words = ["serve", "--model", str(folder), "--port", str(other.getsockname()[1])]
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *words], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: 127.0.0.1 port")
    assert "Traceback" not in done.stderr
