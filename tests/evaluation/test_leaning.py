"""The linear probe: planted shortcuts come first, by the published measure."""

import numpy as np
import pandas as pd
import pytest

from sluice.evaluation.leaning import leaned_on

LABELS = ("negative", "neutral", "positive")


def rows(count: int, labels: tuple[str, ...] = LABELS) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    chosen = generator.choice(labels, count)
    filler = generator.choice(["a", "b", "c", "d"], (count, 3))
    texts = [
        " ".join([*words, *(["brand"] if label == "positive" else [])])
        for label, words in zip(chosen, filler, strict=True)
    ]
    return pd.DataFrame({"cleaned": texts, "label": chosen})


@pytest.mark.parametrize("labels", [LABELS, ("negative", "positive")])
def test_a_planted_token_is_found_with_its_label_and_rows(labels: tuple[str, ...]) -> None:
    train = rows(300, labels)
    found = leaned_on(train, pd.Series(["brand a", "brand brand", "x"]), labels, 3)
    first = found.iloc[0]
    assert (first["token"], first["label"]) == ("brand", "positive")
    assert first["train_rows"] == (train["label"] == "positive").sum()
    assert first["test_rows"] == 2
    assert len(found) == 3
    expected = np.sqrt(found["train_rows"] * found["weight"])
    np.testing.assert_allclose(found["importance"], expected)
    assert found["importance"].is_monotonic_decreasing


def test_rare_tokens_are_no_tokens_and_none_gives_an_empty_table() -> None:
    train = rows(300)
    train.loc[0, "cleaned"] = "rare rare"
    assert "rare" not in leaned_on(train, pd.Series(["rare"]), LABELS, 99)["token"].to_list()
    each = pd.DataFrame({"cleaned": [f"w{row}" for row in range(9)], "label": LABELS * 3})
    assert leaned_on(each, pd.Series(["w1"]), LABELS, 5).empty
