"""Batch jobs: every form in and out, bad rows told, a kill resumed to the same bytes."""

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stored_model import TEXTS, write_model

from sluice.errors import ParamsError, RegistryError, SourceError
from sluice.predicting.job import Done, Order, run_job
from sluice.predicting.records import LONGEST_LINE, Columns
from sluice.registry.chosen import Chosen, choose_model
from sluice.serving.contents import Thresholds, write_bundle

ROWS = 30


def quiet(rows: int, read: int, total: int) -> None:
    assert 0 < read <= total


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Chosen:
    folder = write_model(tmp_path_factory.mktemp("models") / "bundle")
    write_bundle(folder, Thresholds(error_rate=0.1, labels={"bad": 0.0, "good": None}), {})
    return choose_model(Path(), folder)


def write_source(path: Path, rows: int = ROWS) -> Path:
    frame = pd.DataFrame(
        {
            "id": [f"={row}" for row in range(rows)],
            "text": [f'{TEXTS[row % 20]}, "{row}"\nno' for row in range(rows)],
        }
    )
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path)
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pandas()
    return pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])


def test_all_forms_in_and_out_say_the_same(chosen: Chosen, tmp_path: Path) -> None:
    want = chosen.bundle.answer([f'{TEXTS[row % 20]}, "{row}"\nno' for row in range(ROWS)])
    for first in (".csv", ".jsonl", ".parquet"):
        source = write_source(tmp_path / f"in{first}")
        for second in (".csv", ".jsonl", ".parquet"):
            order = Order(source, tmp_path / f"out{second}", Columns("text", "id"), rows=7)
            assert run_job(order, chosen, quiet) == Done(ROWS, 0, 0)
            found = read(order.target)
            assert list(found) == ["row", "id", "label", "abstained", "p_bad", "p_good"]
            assert found["row"].tolist() == list(range(1, ROWS + 1))
            assert found["id"][0] == ("'=0" if second == ".csv" else "=0")
            assert found["label"].tolist() == want.labels
            assert found["abstained"].tolist() == want.abstained.tolist()
            assert found[["p_bad", "p_good"]].to_numpy().tolist() == want.probabilities.tolist()
            assert not order.bad.exists()
            assert not order.work.exists()


CSV = b'text,id\ngood day,1\n"a,2\nb",2\nc\n\xff\xfe,4\n,5\n"x"y,6\nlast,7\n'
JSONL = (
    b'{"text": "good"}\nnot json\n[1]\n{"id": 4}\n{"text": 5}\n{"text": null}\n\n'
    + b'{"text": "\\ud800"}\n'
    + b'{"text": "'
    + b"x" * (LONGEST_LINE + 5)
    + b'"}\n{"text": "last"}\n'
)


@pytest.mark.parametrize(
    ("name", "content", "good", "reasons"),
    [
        ("in.csv", CSV, [1, 2, 7], ["1 cells", "not UTF-8", "empty", "no well-formed CSV"]),
        (
            "in.jsonl",
            JSONL,
            [1, 10],
            ["not JSON", "no JSON object", "no key", "is no text", "there is no text", "is empty",
             "not UTF-8", "longer than 1,000,000 bytes"],
        ),
    ],
)  # fmt: skip
def test_bad_rows_are_told_and_the_rest_is_done(
    chosen: Chosen, tmp_path: Path, name: str, content: bytes, good: list, reasons: list
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    order = Order(source, tmp_path / "out.jsonl", Columns(), rows=2)
    done = run_job(order, chosen, quiet)
    assert done == Done(len(good) + len(reasons), len(reasons), 0)
    assert read(order.target)["row"].tolist() == good
    told = read(order.bad)
    assert sorted([*told["row"], *good]) == list(range(1, done.rows + 1))
    for said, reason in zip(told["reason"], reasons, strict=True):
        assert reason in said


@pytest.mark.parametrize("name", ["in.csv", "in.jsonl"])
def test_a_line_of_a_hundred_megabytes_is_one_bad_row_and_takes_little(
    chosen: Chosen, tmp_path: Path, name: str
) -> None:
    row = b"good day\n" if name == "in.csv" else b'{"text": "good day"}\n'
    source = tmp_path / name
    with source.open("wb") as handle:
        handle.write(b"text\n" if name == "in.csv" else b"")
        handle.write(row + b"x" * 100_000_000 + b"\n" + row)
    order = Order(source, tmp_path / "out.jsonl", Columns())
    tracemalloc.start()
    try:
        done = run_job(order, chosen, quiet)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done == Done(3, 1, 0)
    assert read(order.target)["row"].tolist() == [1, 3]
    assert "longer than 1,000,000 bytes" in read(order.bad)["reason"][0]
    assert peak < 20e6


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("in.csv", b"", "is empty"),
        ("in.csv", b"a,b\n1,2\n", "has no column 'text', or several: it has 'a', 'b'"),
        ("in.csv", b"text,text\n1,2\n", "or several"),
        ("in.csv", bytes(range(128, 256)) * 9, "has no column 'text'"),
        ("in.parquet", b"PAR1 garbage", "is not Parquet"),
    ],
)
def test_a_source_that_is_none_is_refused(
    chosen: Chosen, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    order = Order(tmp_path / name, tmp_path / "out.csv", Columns())
    with pytest.raises(SourceError, match=says):
        run_job(order, chosen, quiet)
    assert not order.target.exists()


def test_what_cannot_be_done_is_refused(chosen: Chosen, tmp_path: Path) -> None:
    source = write_source(tmp_path / "in.csv")
    with pytest.raises(ParamsError, match=r"\.xlsx is unknown; use \.csv"):
        run_job(Order(source, tmp_path / "out.xlsx", Columns()), chosen, quiet)
    with pytest.raises(ParamsError, match="would replace its own source"):
        run_job(Order(source, source, Columns()), chosen, quiet)
    with pytest.raises(SourceError, match="is not there"):
        run_job(Order(tmp_path / "no.csv", tmp_path / "out.csv", Columns()), chosen, quiet)
    pq.write_table(pa.table({"text": [1, 2]}), tmp_path / "n.parquet")
    with pytest.raises(SourceError, match="column 'text' holds int64, not texts"):
        run_job(Order(tmp_path / "n.parquet", tmp_path / "out.csv", Columns()), chosen, quiet)


def test_a_header_alone_gives_a_header(chosen: Chosen, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n")
    for name in ("out.csv", "out.parquet", "out.jsonl"):
        order = Order(tmp_path / "in.csv", tmp_path / name, Columns())
        assert run_job(order, chosen, quiet) == Done(0, 0, 0)
        assert len(read(order.target)) == 0
    assert list(read(tmp_path / "out.csv")) == ["row", "label", "abstained", "p_bad", "p_good"]


def test_words_are_explained(chosen: Chosen, tmp_path: Path) -> None:
    source = write_source(tmp_path / "in.csv", 2)
    order = Order(source, tmp_path / "out.jsonl", Columns(), explained=True)
    run_job(order, chosen, quiet)
    words = json.loads(read(order.target)["words"][0])
    assert words[0][0] == "i"
    assert all(isinstance(part, float) for _, part in words)


class StopError(Exception):
    pass


@pytest.mark.parametrize("change", ["nothing", "source", "model"])
def test_only_the_same_job_goes_on(chosen: Chosen, tmp_path: Path, change: str) -> None:
    def stop(rows: int, read: int, total: int) -> None:
        if rows > 10:
            raise StopError

    order = Order(write_source(tmp_path / "in.csv"), tmp_path / "out.csv", Columns(), rows=7)
    with pytest.raises(StopError):
        run_job(order, chosen, stop)
    assert not order.target.exists()
    if change == "source":
        write_source(order.source, ROWS + 1)
    if change == "model":
        chosen = chosen._replace(bundle=chosen.bundle._replace(thresholds=Thresholds()))
    done = run_job(order, chosen, quiet)
    assert done.resumed == (14 if change == "nothing" else 0)
    assert len(read(order.target)) == done.rows
    assert read(order.target)["abstained"].any() == (change != "model")


def test_two_jobs_do_not_write_one_file(chosen: Chosen, tmp_path: Path) -> None:
    order = Order(write_source(tmp_path / "in.csv"), tmp_path / "out.csv", Columns())

    def again(rows: int, read: int, total: int) -> None:
        with pytest.raises(RegistryError, match="another process writes"):
            run_job(order, chosen, quiet)

    assert run_job(order, chosen, again).rows == ROWS


@pytest.mark.faults
@pytest.mark.parametrize("form", [".csv", ".parquet"])
def test_a_killed_job_goes_on_and_ends_with_the_same_bytes(
    chosen: Chosen, tmp_path: Path, form: str
) -> None:
    source = write_source(tmp_path / "in.csv", 1200)
    with source.open("a") as handle:
        handle.write("only one cell\n")
    whole = Order(source, tmp_path / f"whole{form}", Columns("text", "id"), rows=40)
    run_job(whole, chosen, quiet)
    order = whole._replace(target=tmp_path / f"killed{form}")
    code = "from sluice.cli import main; main()"
    words = [sys.executable, "-c", code, "predict", "--from", source, "--to", order.target]
    words += ["--id", "id", "--rows", "40", "--json", "--model", chosen.folder]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE)
    while len(list(order.work.glob("*.bad"))) < 3:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not order.target.exists()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    said = json.loads(done.stdout)
    assert said["resumed"] >= 120
    assert (said["rows"], said["bad"]) == (1201, 1)
    assert order.target.read_bytes() == whole.target.read_bytes()
    assert order.bad.read_bytes() == whole.bad.read_bytes()
