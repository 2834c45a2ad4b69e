"""A batch job: a file of texts in, a file of labels out, in parts that outlive a kill.

In: a model and two paths. Out: the labels, and beside them the bad rows with their reasons. Parts
lie in a folder beside the output until it is whole; a job that was stopped goes on behind the last
part. One part is in memory at a time.
"""

import contextlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from zc.lockfile import LockError, LockFile

from sluice.errors import ParamsError, RegistryError
from sluice.files import read_json, staged, write_batches, write_json
from sluice.predicting.records import Columns, Record, check_form, need_arrow, open_source
from sluice.predicting.rows import answer_rows, column_names, csv_lines, write_part
from sluice.registry.chosen import Chosen
from sluice.serving.bundle import Bundle
from sluice.serving.contents import fingerprint
from sluice.version import __version__

KEY, HEADER = "job.json", "header"
Watch = Callable[[int, int, int], None]
"""Told after each part: rows so far, how much was read, how much there is."""


class Order(NamedTuple):
    """What is to be done."""

    source: Path
    target: Path
    columns: Columns
    explained: bool = False
    rows: int = 4096
    """Rows of a part."""

    @property
    def bad(self) -> Path:
        """Where bad rows are told."""
        return self.target.with_name(f"{self.target.name}.bad.jsonl")

    @property
    def work(self) -> Path:
        """Where parts lie until the output is whole."""
        return self.target.with_name(f".{self.target.name}.parts")


class Done(NamedTuple):
    """What a job did."""

    rows: int
    """Rows of the source."""
    bad: int
    """Those that could not be labelled."""
    resumed: int
    """Rows that an earlier run had done."""


def _key(order: Order, chosen: Chosen) -> dict[str, Any]:
    """What must be the same for a stopped job to go on."""
    stat = order.source.stat()
    return {
        "source": [str(order.source.resolve()), stat.st_size, stat.st_mtime_ns],
        "model": fingerprint(chosen.folder),
        "thresholds": chosen.bundle.thresholds.model_dump(mode="json"),
        "asked": [*order.columns, order.explained, order.rows, order.target.suffix],
        "sluice": __version__,
    }


def _prepare(order: Order, key: dict[str, Any]) -> None:
    """Keep the parts of the same job, drop those of another one."""
    with contextlib.suppress(Exception):  # whatever is there, it is not this job's
        if read_json(order.work / KEY) == json.loads(json.dumps(key)):
            return
    for path in order.work.glob("*"):
        if path.name != "lock":
            path.unlink()
    with staged(order.work / KEY) as (part,):
        write_json(key, part)


def _parts(order: Order, number: int) -> tuple[Path, Path]:
    return order.work / f"{number:08}.rows", order.work / f"{number:08}.bad"


def _label_part(order: Order, bundle: Bundle, records: list[Record], number: int) -> None:
    good = [one for one in records if one.problem is None]
    made = answer_rows(bundle, good, bool(order.columns.id), order.explained)
    names = column_names(bundle.labels, bool(order.columns.id), order.explained)
    with staged(*_parts(order, number)) as (rows, bad):  # the second is renamed last
        write_part(made, names, check_form(order.target), rows)
        lines = [
            json.dumps({"row": one.row, "id": one.id, "reason": one.problem}, ensure_ascii=False)
            for one in records
            if one.problem is not None
        ]
        bad.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _join(order: Order, header: str, numbers: range) -> int:
    """Put the parts together; give the number of bad rows."""
    count = 0
    with staged(order.target, order.bad) as (rows, bad):
        with bad.open("wb") as handle:
            for number in numbers:
                content = _parts(order, number)[1].read_bytes()
                count += content.count(b"\n")
                handle.write(content)
        if check_form(order.target) == ".parquet":
            import pyarrow.parquet as pq

            tables = (pq.read_table(_parts(order, number)[0]) for number in numbers)
            for _ in write_batches(tables, rows):
                pass
        else:
            with rows.open("wb") as handle:
                handle.write(header.encode() if check_form(order.target) == ".csv" else b"")
                for number in numbers:
                    with _parts(order, number)[0].open("rb") as part:
                        shutil.copyfileobj(part, handle)
    if not count:
        order.bad.unlink()
    return count


@contextlib.contextmanager
def _held(order: Order) -> Iterator[None]:
    order.work.mkdir(parents=True, exist_ok=True)
    try:
        lock = LockFile(str(order.work / "lock"))
    except LockError as error:
        raise RegistryError(f"another process writes {order.target}: wait for its end") from error
    try:
        yield
    finally:
        lock.close()


def run_job(order: Order, chosen: Chosen, watch: Watch) -> Done:
    """Label a file; go on where the same job was stopped.

    The output's bytes do not depend on whether, where or how often the job was stopped.

    Raises:
        ParamsError: an ending is unknown, or the output would replace the source.
        SourceError: the source cannot be read.
        RegistryError: another process writes the same output.
    """
    if check_form(order.target) == ".parquet":
        need_arrow()
    if order.target.resolve() == order.source.resolve():
        raise ParamsError(f"{order.target} would replace its own source: name another by --to")
    total, resumed, number = 0, 0, 0
    with contextlib.closing(open_source(order.source, order.columns)) as source, _held(order):
        _prepare(order, _key(order, chosen))
        while records := list(itertools.islice(source.records, order.rows)):
            total += len(records)
            if _parts(order, number)[1].exists():
                resumed += len(records)
            else:
                _label_part(order, chosen.bundle, records, number)
            number += 1
            watch(total, source.done(), source.total)
        if not number:
            _label_part(order, chosen.bundle, [], 0)
        names = column_names(chosen.bundle.labels, bool(order.columns.id), order.explained)
        bad = _join(order, csv_lines([names]), range(max(number, 1)))
    shutil.rmtree(order.work)
    return Done(total, bad, resumed)
