import pandas as pd
import pytest

from sluice.data.verdict import check_shares, reason_kinds
from sluice.errors import DataError

LABELS = ("negative", "positive")


def rows(negative: int, positive: int) -> pd.DataFrame:
    return pd.DataFrame({"label": ["negative"] * negative + ["positive"] * positive})


def rejections(*reasons: tuple[str, str]) -> pd.DataFrame:
    numbered = [(number, *both) for number, both in enumerate(reasons, start=1)]
    return pd.DataFrame(numbered, columns=["row", "reason", "label"])


def test_a_share_up_to_the_allowed_one_passes() -> None:
    check_shares("x.csv", rows(49, 50), rejections(("empty text", "a")), LABELS, 0.01)
    with pytest.raises(DataError, match=r"x.csv: 1 of 99 rows \(1.01%\).*allows 1.00%"):
        check_shares("x.csv", rows(49, 49), rejections(("empty text", "a")), LABELS, 0.01)


def test_reasons_are_counted_by_kind_with_their_first_rows() -> None:
    refused = rejections(*[("control character in text: U+0000 at character 1", "a")] * 4)
    assert set(reason_kinds(refused)) == {"control character in text"}
    with pytest.raises(DataError, match=r"4 control character in text \(rows 1, 2, 3, ...\)"):
        check_shares("x.csv", rows(1, 1), refused, LABELS, 0.5)


def test_unknown_labels_are_listed_with_counts_and_first_rows() -> None:
    refused = rejections(*[("unknown label", label) for label in ("joy", "sad", "sad")])
    with pytest.raises(DataError, match=r"'sad' 2 \(row 2\), 'joy' 1 \(row 1\): map each in inge"):
        check_shares("x.csv", rows(1, 1), refused, LABELS, 0.0)


def test_many_unknown_labels_are_bounded() -> None:
    refused = rejections(*[("unknown label", f"label {i}") for i in range(5000)])
    with pytest.raises(DataError, match="and 4988 more") as caught:
        check_shares("x.csv", rows(1, 1), refused, LABELS, 0.0)
    assert len(str(caught.value)) < 800


def test_labels_that_yaml_takes_for_booleans_are_to_be_quoted() -> None:
    with pytest.raises(DataError, match="label_map \\(in quotes"):
        check_shares("x.csv", rows(1, 1), rejections(("unknown label", "Yes")), LABELS, 0.0)


def test_all_rejected_fails_even_if_all_may_be() -> None:
    with pytest.raises(DataError, match="1 of 1 rows"):
        check_shares("x.csv", rows(0, 0), rejections(("empty text", "a")), LABELS, 1.0)


def test_one_class_and_an_absent_class_are_told_apart() -> None:
    none = rejections()
    with pytest.raises(DataError, match="all 3 rows have the label 'positive'"):
        check_shares("x.csv", rows(0, 3), none, LABELS, 0.0)
    with pytest.raises(DataError, match="names 'neutral', and no row has it"):
        check_shares("x.csv", rows(1, 1), none, ("negative", "neutral", "positive"), 0.0)
