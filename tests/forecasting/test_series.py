"""A series from texts: frequencies, gaps, and what is refused with its row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import DataError, SourceError
from sluice.forecasting.series import Series, make_series, next_labels
from sluice.forecasting.tables import load_series, read_table, write_series


def make(times: list[str], values: list[str] | None = None, **options) -> Series:
    cells = values or [str(one) for one in range(1, len(times) + 1)]
    table = pd.DataFrame({"time": times, "value": cells})
    return make_series(table, "x.csv", options.get("season"), options.get("carry", False))


@pytest.mark.parametrize(
    ("frequency", "unit", "step", "season"),
    [
        ("YS", "Y", 1, 1),
        ("QS", "Q", 1, 4),
        ("MS", "M", 1, 12),
        ("ME", "M", 1, 12),
        ("2MS", "M", 2, 6),
        ("W", "W", 1, 52),
        ("B", "B", 1, 5),
        ("D", "D", 1, 7),
        ("h", "h", 1, 24),
        ("15min", "min", 15, 96),
    ],
)
def test_frequencies_are_inferred_and_go_on(frequency, unit, step, season) -> None:
    stamps = pd.date_range("2021-01-04", periods=40, freq=frequency)
    texts = [str(one) for one in stamps]
    series = make(texts[:30])
    assert (series.unit, series.step, series.season) == (unit, step, season)
    assert series.values.tolist() == list(range(1, 31))
    assert next_labels(series, 10) == list(make(texts).labels[30:])


@given(st.permutations(range(24)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    texts = [str(one) for one in pd.period_range("2000-01", periods=24, freq="M")]
    shuffled = make([texts[one] for one in order], [str(one) for one in order])
    assert shuffled.labels == tuple(texts)
    assert shuffled.values.tolist() == list(range(24))


MONTHS = ["2000-01", "2000-02", "2000-03", "2000-04"]


@pytest.mark.parametrize(
    ("times", "values", "words"),
    [
        ([], [], "0 row"),
        (["2000-01"], ["1"], "1 row"),
        (MONTHS, ["1", "2", "x", "4"], "row 3: 'x' is not a finite number"),
        (MONTHS, ["1", "inf", "3", "4"], "row 2: 'inf' is not a finite number"),
        (MONTHS, ["1", "2", "3e300", "4"], "row 3: '3e300' is not a finite number"),
        (MONTHS, ["1", "2", "3", "nan"], "row 4: 'nan' is not a finite number"),
        ([*MONTHS[:3], "soon"], ["1", "2", "3", "4"], "row 4: 'soon' is not a time"),
        ([*MONTHS[:3], "2000-02"], ["1", "2", "3", "4"], "row 4: the time 2000-02 stands"),
        (["2000-01", "2000-02", "2000-04"], ["1", "2", "3"], "1 of 4 times have no value: 2000-03"),
        (MONTHS, ["1", "", "3", "4"], "no value: 2000-02"),
        (MONTHS, ["", "2", "3", "4"], "the first time, 2000-01, has no value"),
        (["2000-01-01 00:00:01", "2000-01-01 00:00:02"], ["1", "2"], "within one minute"),
        (["2000-01-01", "2000-01-02", "2019-01-01"], ["1", "2", "3"], "must be regular"),
    ],
)
def test_what_is_no_series_is_refused_with_its_place(times, values, words) -> None:
    with pytest.raises(DataError, match=words) as caught:
        make(times, values)
    assert "\n" not in str(caught.value)


def test_a_carried_gap_is_marked_and_takes_the_past_only() -> None:
    times = ["2000-01", "2000-02", "2000-03", "2000-05"]
    series = make(times, ["1", "", "3", "5"], carry=True)
    assert series.values.tolist() == [1, 1, 3, 3, 5]
    assert series.filled.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"month,sales\n2000-01,1\n", "no single column 'time'"),
        (b"time,time\n2000-01,1\n", "no single column 'value'"),
        (b'time,value\n"2000-01,1\n', "no CSV"),
        (b"time,value\n\xff\xfe,1\n", "no CSV"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, words: str, tmp_path) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(SourceError, match=words) as caught:
        read_table(tmp_path / "x.csv", "time", "value")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path) -> None:
    with pytest.raises(SourceError, match="is not there"):
        read_table(tmp_path / "x.csv", "time", "value")


def test_a_stored_series_comes_back(tmp_path) -> None:
    series = make(["2000-01", "2000-02", "2000-04"], carry=True)
    write_series(series, tmp_path / "rows.parquet", tmp_path / "facts.json")
    again = load_series(tmp_path / "rows.parquet", tmp_path / "facts.json")
    assert (again.labels, again.unit, again.season) == (series.labels, "M", 12)
    assert np.array_equal(again.values, series.values)
    assert again.filled.tolist() == [False, False, True, False]
