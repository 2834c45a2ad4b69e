"""Join: one cleaning of all rows and the main pipeline's split in; that split so cleaned out.

Rows, labels, clusters and order are the split's for every cleaning, so that whatever is trained on
them can be compared row by row. It parts nothing itself.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.errors import DataError
from sluice.files import read_parquet, staged, write_parquet


def join_cleaning(part: pd.DataFrame, cleaned: pd.DataFrame) -> pd.DataFrame:
    """Exchange the column `cleaned` of a part for that of other rows, by id.

    Raises:
        DataError: a row of the part is not among them.
    """
    found = part["id"].map(cleaned.set_index("id")["cleaned"])
    if found.isna().any():
        absent = part["id"][found.isna()].iloc[0]
        raise DataError(f"the split has the id {absent!r:.200}, the cleaned rows do not: dvc repro")
    return part.assign(cleaned=found)


def join(
    cleaned: Path,
    train: Path,
    validation: Path,
    test: Path,
    cleaned_train: Path,
    cleaned_validation: Path,
    cleaned_test: Path,
) -> None:
    """Write the three parts of the split with the texts of CLEANED."""
    rows = read_parquet(cleaned, ["id", "cleaned"])
    parts = [join_cleaning(read_parquet(path), rows) for path in (train, validation, test)]
    with staged(cleaned_train, cleaned_validation, cleaned_test) as paths:
        for path, part in zip(paths, parts, strict=True):
            write_parquet(part, path)


if __name__ == "__main__":
    run_stage(join)
