"""What a model says to records, as rows, and rows as parts of a file.

In: a model and records. Out: one mapping for each record, or a file of them: CSV, JSON Lines or
Parquet. Parquet needs PyArrow, the others nothing.
"""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sluice.files import neutralise_formula, write_batches
from sluice.predicting.records import Record, need_arrow
from sluice.serving.bundle import Bundle

Row = dict[str, Any]
TEXTS = ("id", "label", "words")
"""Columns of text, in which a spreadsheet may see a formula."""


def column_names(labels: Sequence[str], with_id: bool, explained: bool) -> list[str]:
    """The columns of an answer in their order."""
    names = ["row", *(["id"] if with_id else []), "label", "abstained"]
    return [*names, *(f"p_{label}" for label in labels), *(["words"] if explained else [])]


def explain_words(bundle: Bundle, text: str) -> str:
    """The words of a text and what each adds to its label's logit, as JSON."""
    found = bundle.model.explain(text)
    return json.dumps(list(zip(found.words, found.parts, strict=True)), ensure_ascii=False)


def answer_rows(
    bundle: Bundle, records: Sequence[Record], with_id: bool, explained: bool
) -> list[Row]:
    """One row for each record: number, id if asked, label, abstained, probabilities, words."""
    said = bundle.answer([one.text for one in records])
    rows = []
    for place, one in enumerate(records):
        values: list[Any] = [one.row, *([one.id] if with_id else [])]
        values += [said.labels[place], bool(said.abstained[place])]
        values += said.probabilities[place].tolist()
        values += [explain_words(bundle, one.text)] if explained else []
        rows.append(dict(zip(column_names(bundle.labels, with_id, explained), values, strict=True)))
    return rows


def csv_lines(cells: Sequence[Sequence[Any]]) -> str:
    """Cells as lines of CSV."""
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\n").writerows(cells)
    return made.getvalue()


def _write_parquet(rows: Sequence[Row], names: Sequence[str], path: Path) -> None:
    need_arrow()
    import pyarrow as pa

    kinds = {"row": pa.int64(), "abstained": pa.bool_()} | dict.fromkeys(TEXTS, pa.large_string())
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in names])
    for _ in write_batches(iter([pa.Table.from_pylist(list(rows), schema=schema)]), path):
        pass


def write_part(rows: Sequence[Row], names: Sequence[str], form: str, path: Path) -> None:
    """Write rows in one of the forms of `check_form`; a part of CSV has no header."""
    if form == ".parquet":
        _write_parquet(rows, names, path)
    elif form == ".csv":
        safe = ({n: neutralise_formula(v) if n in TEXTS else v for n, v in r.items()} for r in rows)
        text = csv_lines([[row[name] for name in names] for row in safe])
        path.write_text(text, encoding="utf-8", newline="")
    else:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_text("".join(lines), encoding="utf-8")
