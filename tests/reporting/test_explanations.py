"""Words as HTML: colours and numbers by share, nothing foreign obeyed, rows of one run."""

import pandas as pd
import pytest

from sluice.errors import DataError
from sluice.reporting.explanations import (
    Explained,
    Explanations,
    find_sources,
    paint_words,
    write_part,
)
from sluice.reporting.facts import check_facts


def row(words: list[str], parts: list[float], name: str = "a") -> dict[str, object]:
    found = {"id": name, "label": "good", "predicted": "bad", "words": words, "parts": parts}
    return found | {"logit": 1.0, "empty": 0.5}


def test_colour_and_number_follow_the_share_of_the_strongest() -> None:
    words, parts = ["so", "very", "bad", "!"], [2.0, -0.7, -0.31, 0.2]
    spans = str(paint_words(Explained.model_validate(row(words, parts)))).split("</span> ")
    assert len(spans) == 4
    assert spans[0].startswith('<span class="for" style="--share:100" title="+2.00">')
    assert spans[0].endswith("<small>+2.00</small>")
    assert spans[1].startswith('<span class="against" style="--share:35"')
    assert spans[1].endswith("<small>\N{MINUS SIGN}0.70</small>")
    assert spans[2].startswith('<span class="against" style="--share:16"')
    assert "<small>" not in spans[2]
    assert spans[3].startswith('<span title="+0.20">')


@pytest.mark.parametrize("parts", [[0.0, 0.0], [1e-12, -1e-12]])
def test_words_that_add_nothing_or_hardly_anything_are_drawn(parts: list[float]) -> None:
    painted = paint_words(Explained.model_validate(row(["a", "b"], parts)))
    assert painted.count("<span") == 2
    assert "nan" not in painted
    assert paint_words(Explained.model_validate(row([], []))) == ""


def test_words_are_escaped_and_bounded() -> None:
    painted = paint_words(Explained.model_validate(row(["<b>\u202e", "x" * 500], [1.0, -1.0])))
    assert "<b>" not in painted
    assert "\u202e" not in painted
    assert "&lt;b&gt;" in painted
    assert "420 more characters" in painted


@pytest.mark.parametrize(
    ("value", "words"), [(0.4128, "+0.41"), (-0.5, "\N{MINUS SIGN}0.50"), (-0.001, "+0.00")]
)
def test_parts_have_their_sign(value: float, words: str) -> None:
    assert write_part(value) == words


def test_a_word_without_its_part_is_refused() -> None:
    content = {"model": "lstm-0", "rows": [row(["a", "b"], [1.0])]}
    with pytest.raises(DataError, match=r"x\.json: rows\.0: words and parts are not equally many"):
        check_facts(content, Explanations, "x.json")


def test_rows_keep_their_order_and_those_of_another_run_are_refused() -> None:
    rows = [row(["a"], [1.0], name) for name in ("two", "one")]
    found = check_facts({"model": "lstm-0", "rows": rows}, Explanations, "x.json")
    ranked = pd.DataFrame({"id": ["one", "two", "three"], "text": ["1", "2", "3"]})
    assert [text for _, text in find_sources(found, ranked, "y").rows] == ["2", "1"]
    with pytest.raises(DataError, match=r"errors\.parquet has other rows than explanations\.json"):
        find_sources(found, ranked[1:], "errors.parquet")
