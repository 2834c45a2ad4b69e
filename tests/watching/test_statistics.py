"""Each statistic against its definition or a well-known implementation."""

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.feature_extraction.text import TfidfVectorizer

from sluice.watching.reading import Seen, count_words
from sluice.watching.settings import STATISTICS
from sluice.watching.statistics import (
    compare,
    estimate_right,
    fit_measure,
    kernel,
    negative_entropy,
)


def texts_of(rows: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(list("abcdefgh"), 4)) for _ in range(rows)]


def make(rows: int, seed: int) -> Seen:
    generator = np.random.default_rng(seed)
    words = generator.integers(1, 9, rows)
    return Seen(
        generator.dirichlet([1.0, 2.0, 3.0], rows),
        generator.normal(size=(rows, 4)),
        words,
        generator.binomial(words, 0.2),
        count_words(texts_of(rows, seed)),
    )


@pytest.fixture
def measured() -> tuple[Seen, Seen, dict[str, float], object]:
    reference, batch = make(80, 0), make(30, 1)
    measure = fit_measure(reference, np.arange(80) < 60)
    draw = np.repeat([0.0, 1.0], [80, 30])[:, None]
    values = compare(reference.join(batch), measure, draw)[0]
    return reference, batch, dict(zip(STATISTICS, values, strict=True)), measure


def test_means_and_distances_are_those_of_their_definitions(measured) -> None:
    reference, batch, values, _ = measured
    rise = batch.unknown_share.mean() - reference.unknown_share.mean()
    assert values["unknown"] == pytest.approx(rise)
    for name, ours, theirs in (
        ("length", reference.words, batch.words),
        ("confidence", reference.confidence, batch.confidence),
    ):
        assert values[name] == pytest.approx(ks_2samp(ours, theirs).statistic)
    shares = [np.bincount(rows.said, minlength=3) / len(rows.said) for rows in (reference, batch)]
    assert values["labels"] == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)


def test_the_mean_discrepancy_is_that_of_its_sums(measured) -> None:
    reference, batch, values, measure = measured
    likeness = kernel(reference.join(batch), measure).astype(np.float64)
    ours, theirs = slice(0, 80), slice(80, 110)
    expected = (
        likeness[ours, ours].mean()
        + likeness[theirs, theirs].mean()
        - 2 * likeness[ours, theirs].mean()
    )
    assert values["embedding"] == pytest.approx(expected, abs=1e-6)
    assert np.diag(likeness) == pytest.approx(1.0)


def test_the_distance_of_words_is_that_of_the_mean_vectors(measured) -> None:
    weighing = TfidfVectorizer(binary=True, tokenizer=str.split, token_pattern=None)
    ours = weighing.fit_transform(texts_of(80, 0)).mean(axis=0)
    theirs = weighing.transform(texts_of(30, 1)).mean(axis=0)
    assert measured[2]["words"] == pytest.approx(np.square(ours - theirs).sum(), abs=1e-6)


def test_the_estimate_on_the_reference_is_its_accuracy() -> None:
    reference = make(200, 2)
    for right in (0, 1, 140, 199, 200):
        measure = fit_measure(reference, np.arange(200) < right)
        assert estimate_right(reference, measure).mean() == pytest.approx(right / 200)


def test_less_sure_rows_lower_the_estimate(measured) -> None:
    reference, _, values, measure = measured
    flat = reference._replace(probabilities=np.full((80, 3), 1 / 3))
    assert estimate_right(flat, measure).mean() == 0.0
    assert values["accuracy"] == pytest.approx(0.75 - estimate_right(measured[1], measure).mean())


def test_negative_entropy_runs_from_ignorance_to_certainty() -> None:
    found = negative_entropy(np.array([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]))
    assert found == pytest.approx([0.0, -math.log(3)])


def test_features_that_never_change_do_no_harm() -> None:
    reference = make(40, 3)._replace(features=np.ones((40, 2)))
    measure = fit_measure(reference, np.ones(40, bool))
    draw = (np.arange(40) < 10).astype(float)[:, None]
    assert compare(reference, measure, draw)[0][5] == pytest.approx(0.0, abs=1e-6)


def test_draws_do_not_hang_on_each_other(measured) -> None:
    reference, _, _, measure = measured
    draws = (np.random.default_rng(4).random((80, 450)) < 0.3).astype(float)
    whole = compare(reference, measure, draws)
    assert whole.shape == (450, len(STATISTICS))
    alone = compare(reference, measure, draws[:, [321]])
    assert whole[321] == pytest.approx(alone[0], abs=1e-6)
