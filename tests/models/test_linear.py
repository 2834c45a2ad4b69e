import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.utils.class_weight import compute_sample_weight

from sluice.errors import DataError
from sluice.models.linear import (
    LinearParams,
    ngram_features,
    predict_logreg,
    predict_svm,
    row_weights,
    weigh_known,
)
from sluice.models.outcomes import Tables

LABELS = ("negative", "neutral", "positive")
WORDS = {"negative": "awful bad hate", "neutral": "table train one", "positive": "good love fine"}
PARAMS = LinearParams(min_rows=1, c_grid=(0.1, 1.0, 10.0))


def part(rows: int, seed: int, labels: tuple[str, ...] = LABELS) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    chosen = np.resize(labels, rows)
    texts = [
        " ".join([*generator.choice(WORDS[name].split(), 2), *generator.choice(["a", "the"], 2)])
        for name in chosen
    ]
    ids = [f"{seed}-{row}" for row in range(rows)]
    return pd.DataFrame({"id": ids, "text": texts, "cleaned": texts, "label": chosen})


def tables(labels: tuple[str, ...] = LABELS) -> Tables:
    return Tables(part(60, 0, labels), part(30, 1, labels), part(30, 2, labels), labels)


@pytest.mark.parametrize("predict", [predict_svm, predict_logreg])
@pytest.mark.parametrize("labels", [LABELS, ("negative", "positive"), LABELS[::-1]])
def test_words_that_tell_the_label_are_learnt(predict, labels: tuple[str, ...]) -> None:
    given = tables(labels)
    outcome = predict(given, PARAMS)
    assert outcome.test.shape == (30, len(labels))
    np.testing.assert_array_equal(outcome.test.argmax(axis=1), given.indices(given.test))
    np.testing.assert_allclose(outcome.test.sum(axis=1), 1.0)
    assert outcome.facts["c"] in PARAMS.c_grid


@pytest.mark.parametrize("predict", [predict_svm, predict_logreg])
def test_the_same_rows_give_the_same_bits(predict) -> None:
    first, second = predict(tables(), PARAMS), predict(tables(), PARAMS)
    assert first.test.tobytes() == second.test.tobytes()


def test_the_c_with_the_best_validation_score_is_taken_and_of_equals_the_first() -> None:
    outcome = predict_logreg(tables(), PARAMS)
    scores = [point["macro_f1"] for point in outcome.facts["grid"]]
    assert [point["c"] for point in outcome.facts["grid"]] == list(PARAMS.c_grid)
    assert outcome.facts["c"] == PARAMS.c_grid[scores.index(max(scores))]


def test_test_labels_do_not_matter() -> None:
    given = tables()
    shuffled = given._replace(test=given.test.assign(label=given.test["label"].to_numpy()[::-1]))
    np.testing.assert_array_equal(
        predict_svm(given, PARAMS).test, predict_svm(shuffled, PARAMS).test
    )


def test_a_weight_of_zero_leaves_a_row_out() -> None:
    given = tables()
    wrong = part(30, 5).assign(label=np.resize(LABELS[::-1], 30))
    weighted = pd.concat(
        [given.train.assign(weight=1.0), wrong.assign(weight=0.0)], ignore_index=True
    )
    predicted = predict_logreg(given._replace(train=weighted), PARAMS).test.argmax(axis=1)
    np.testing.assert_array_equal(predicted, given.indices(given.test))


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    np.testing.assert_allclose(
        row_weights(labels, np.ones(6), balanced=True), compute_sample_weight("balanced", labels)
    )


def test_balancing_weights_that_are_balanced_changes_nothing() -> None:
    labels = np.array([0, 0, 0, 1])
    once = row_weights(labels, np.ones(4), balanced=True)
    np.testing.assert_allclose(row_weights(labels, once, balanced=True), once)
    np.testing.assert_array_equal(row_weights(labels, once, balanced=False), once)


def test_features_are_word_pairs_and_character_ngrams() -> None:
    union = ngram_features(LinearParams(min_rows=1)).fit(["Not good!", "not bad :("])
    names = set(union.get_feature_names_out())
    assert {"words__not good", "words__good !", "words__:", "characters__goo"} <= names
    lengths = {len(name.split("__", 1)[1]) for name in names if name.startswith("characters")}
    assert lengths == {3, 4, 5}


def test_cleaned_tokens_stay_whole() -> None:
    union = ngram_features(LinearParams(min_rows=1, column="cleaned")).fit(["<url> don't :)"])
    names = set(union.get_feature_names_out())
    assert {"words__<url>", "words__don't", "words__:)"} <= names


def test_a_label_without_training_rows_is_an_error() -> None:
    given = tables()
    train = given.train[given.train["label"] != "neutral"]
    with pytest.raises(DataError, match="no training row has the label 'neutral'"):
        predict_svm(given._replace(train=train), PARAMS)


def test_no_frequent_ngram_is_an_error() -> None:
    with pytest.raises(DataError, match=r"lower baseline\.min_rows"):
        predict_svm(tables(), LinearParams(min_rows=1000))


def test_wanted_rows_are_weighed_by_the_known_ones_alone() -> None:
    texts = ["a good good day", "a bad day", "a day", "good bad ugly"]
    counter = CountVectorizer(token_pattern=r"\S+")
    counts, known = counter.fit_transform(texts), np.array([0, 1])
    theirs = TfidfVectorizer(
        token_pattern=r"\S+", sublinear_tf=True, vocabulary=counter.vocabulary_
    ).fit([texts[row] for row in known])
    ours = weigh_known(counts, known, [known, np.array([3, 2])])
    for matrix, rows in zip(ours, ([0, 1], [3, 2]), strict=True):
        expected = theirs.transform([texts[row] for row in rows])
        np.testing.assert_allclose(matrix.toarray(), expected.toarray())
    more = weigh_known(counts[[0, 1, 3]], known, [np.array([2])])[0]
    np.testing.assert_array_equal(more.toarray(), ours[1][0].toarray())
