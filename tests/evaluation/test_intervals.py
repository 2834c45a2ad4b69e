import numpy as np
import pytest
from sklearn.metrics import f1_score

from sluice.evaluation import intervals
from sluice.evaluation.intervals import bootstrap_each, bootstrap_sums, percentile_interval
from sluice.evaluation.metrics import headline_scores, row_columns


def test_samples_are_the_scores_of_the_resampled_rows() -> None:
    generator = np.random.default_rng(3)
    true, probabilities = generator.integers(3, size=50), generator.dirichlet([1, 1, 1], size=50)
    columns = row_columns(true, probabilities, None)
    samples = headline_scores(bootstrap_sums(columns, np.arange(50), 20, seed=7), 3)["macro_f1"]
    draws = np.random.default_rng(7).integers(50, size=(20, 50))
    expected = [
        f1_score(true[d], probabilities[d].argmax(axis=1), labels=[0, 1, 2], average="macro")
        for d in draws
    ]
    np.testing.assert_allclose(samples, expected)


def test_the_interval_of_a_share_is_the_normal_one() -> None:
    # Closed form: a share p of n rows has the standard error sqrt(p (1 - p) / n).
    rows, share = 2000, 0.75
    hits = (np.arange(rows) < rows * share).astype(float)[:, np.newaxis]
    samples = bootstrap_sums(hits, np.arange(rows), 4000, seed=0)[:, 0] / rows
    error = np.sqrt(share * (1 - share) / rows)
    low, high = percentile_interval(samples, 0.95)
    assert samples.std() == pytest.approx(error, rel=0.05)
    assert low == pytest.approx(share - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(share + 1.96 * error, abs=0.1 * error)


def test_duplicated_rows_in_one_group_add_no_certainty() -> None:
    values = np.random.default_rng(0).normal(size=(100, 1))
    single = bootstrap_sums(values, np.arange(100), 500, seed=1) / 100
    twice, groups = np.repeat(values, 2, axis=0), np.repeat(np.arange(100), 2)
    np.testing.assert_allclose(bootstrap_sums(twice, groups, 500, seed=1) / 200, single)
    by_row = bootstrap_sums(twice, np.arange(200), 500, seed=1) / 200
    assert by_row.std() < 0.8 * single.std()


def test_columns_share_the_resamples() -> None:
    values = np.random.default_rng(0).normal(size=(100, 1))
    sums = bootstrap_sums(np.hstack([values, values + 1.0]), np.arange(100), 300, seed=0)
    np.testing.assert_allclose(sums[:, 1] - sums[:, 0], 100.0)


def test_tables_of_other_widths_share_the_resamples() -> None:
    generator = np.random.default_rng(2)
    parts = [generator.normal(size=(60, width)) for width in (3, 1, 2)]
    groups = np.arange(60) // 2
    each = bootstrap_each(parts, groups, 40, seed=9)
    assert [sums.shape for sums in each] == [(40, 3), (40, 1), (40, 2)]
    for part, sums in zip(parts, each, strict=True):
        np.testing.assert_allclose(sums, bootstrap_sums(part, groups, 40, seed=9))


def test_memory_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.random.default_rng(0).integers(2, size=(30, 4)).astype(float)
    whole = bootstrap_sums(columns, np.arange(30), 101, seed=5)
    monkeypatch.setattr(intervals, "CHUNK", 64)
    np.testing.assert_array_equal(bootstrap_sums(columns, np.arange(30), 101, seed=5), whole)


def test_the_seed_decides() -> None:
    columns = np.arange(20.0)[:, np.newaxis]
    first, again, other = (bootstrap_sums(columns, np.arange(20), 50, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_percentiles_of_a_known_sample() -> None:
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))
    assert percentile_interval(np.full(10, 0.5), 0.95) == (0.5, 0.5)
