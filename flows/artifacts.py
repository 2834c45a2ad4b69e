"""What a stage leaves for people to look at, as Prefect artifacts of its task run.

In: a stage of the graph whose outputs are there. Out: artifacts: metrics as a table, Markdown as it
is, pages and pictures as paths of this machine. Nothing of the data itself is sent anywhere.
"""

import json
import re
from pathlib import Path
from typing import Any

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from flows.graph import Stage

MAX_MARKDOWN = 200_000
"""Characters of a Markdown file that are shown; longer ones are linked."""
_PICTURES = {".png", ".svg"}


def key_of(*parts: str) -> str:
    """A key as Prefect wants it: lower-case letters, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def flatten(content: Any, name: str = "") -> list[dict[str, Any]]:
    """Rows `metric`, `value` of nested metrics; the names of what is nested are joined by dots."""
    if isinstance(content, dict):
        inner = (flatten(value, f"{name}.{key}" if name else key) for key, value in content.items())
        return [row for rows in inner for row in rows]
    return [{"metric": name, "value": content}]


def publish_metrics(stage: Stage, root: Path) -> None:
    """Make one table of the metrics of a stage that has any; must be called in its task run."""
    rows = []
    for path in stage.metrics:
        if path.suffix == ".json":
            rows += flatten(json.loads((root / path).read_text(encoding="utf-8")))
    if rows:
        create_table_artifact(
            table=rows, key=key_of("metrics", stage.name), description=f"Metrics of {stage.name}"
        )


def _publish_file(stage: Stage, path: Path, root: Path) -> None:
    key, address = key_of(stage.name, path.name), (root / path).resolve().as_uri()
    if path.suffix == ".md" and (root / path).stat().st_size <= MAX_MARKDOWN:
        text = (root / path).read_text(encoding="utf-8")
        create_markdown_artifact(text, key=key, description=str(path))
    elif path.suffix in _PICTURES:
        create_image_artifact(address, key=key, description=str(path))
    else:
        create_link_artifact(address, link_text=str(path), key=key, description=str(path))


def _shown(stage: Stage, root: Path) -> list[Path]:
    """Plots, pages and pictures among the outputs; of a picture in two formats the PNG."""
    inside = [
        found.relative_to(root)
        for path in stage.outputs
        for found in ([root / path] if path.suffix else sorted((root / path).glob("*")))
    ]
    pages = [path for path in inside if path.suffix in {".html", ".md"}]
    pictures = [path for path in inside if path.suffix == ".png"]
    return [*stage.plots, *pages, *pictures]


def publish(stage: Stage, root: Path) -> None:
    """Make artifacts of what the stage wrote for people; must be called in its task run."""
    publish_metrics(stage, root)
    for path in _shown(stage, root):
        if (root / path).is_file():
            _publish_file(stage, path, root)
