"""Watches one batch: reads it and the champion, judges, writes the two reports.

In: a project's folder and the path of a batch. Out: `drift.json` and `drift.html`, and the finding.
Who is told of it is decided elsewhere: `flows/watch.py`, or the one who called.
"""

from pathlib import Path

from sluice.files import staged, write_json
from sluice.watching.batch import read_batch
from sluice.watching.champion import read_champion
from sluice.watching.findings import Finding
from sluice.watching.judging import judge_batch, make_reference
from sluice.watching.page import render_page
from sluice.watching.settings import Watch

OUT = Path("reports/watch")
JSON, PAGE = "drift.json", "drift.html"


def watch_batch(root: Path, path: Path, watch: Watch, out: Path = OUT) -> Finding:
    """Hold new texts against the champion's validation rows.

    Args:
        root: the project.
        path: the batch, relative to it or not.
        watch: settings.
        out: folder of the reports.

    Raises:
        SourceError: the batch cannot be read or holds no text.
        RegistryError: there is no champion, or its validation rows are gone.
        ModelError: a file of the champion is missing or corrupt.
    """
    batch = read_batch(root / path, watch)
    champion, rows = read_champion(root)
    texts, labels = rows["text"].to_list(), rows["label"].to_list()
    reference = make_reference(champion.model, texts, labels, watch)
    judgement = judge_batch(champion, reference, batch, watch)
    with staged(root / out / JSON, root / out / PAGE) as (json_part, page_part):
        write_json(judgement.finding.model_dump(mode="json"), json_part)
        page_part.write_text(render_page(champion, reference, judgement), encoding="utf-8")
    return judgement.finding
