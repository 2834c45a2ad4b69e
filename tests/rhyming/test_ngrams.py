"""The Kneser-Ney model is that of nltk, sums to one, and is chosen on the validation rhymes."""

import numpy as np
from nltk.lm.models import KneserNeyInterpolated

from sluice.rhyming.ngrams import choose, count_ngrams, make_model, score_chosen, score_rhyme
from sluice.rhyming.settings import Ngrams

TRAIN = [[4, 5, 6, 1, 4, 5, 7], [5, 6, 1, 7, 4, 4], [6, 6, 5, 4, 1, 7, 7, 5]]
SIZE = 9
PARAMS = Ngrams(orders=(2, 3), discounts=(0.5, 0.75), uniform=(0.01, 0.1))


def test_looked_up_counts_give_what_nltk_counts() -> None:
    for order in (2, 3, 4):
        counter = count_ngrams(TRAIN, order)
        ours = make_model(counter, order, 0.75, SIZE)
        theirs = KneserNeyInterpolated(order, discount=0.75, vocabulary=ours.vocab, counter=counter)
        for rhyme in ([4, 5, 6, 1], [7, 8, 4, 4, 5]):
            assert np.allclose(score_rhyme(ours, rhyme), score_rhyme(theirs, rhyme), atol=1e-15)


def test_probabilities_sum_to_one_in_every_context() -> None:
    model = make_model(count_ngrams(TRAIN, 3), 3, 0.6, SIZE)
    for context in (("0", "0"), ("4", "5"), ("8", "6"), ("7",)):
        assert np.isclose(sum(model.score(str(one), context) for one in range(SIZE)), 1)


def test_padding_is_no_event() -> None:
    counter = count_ngrams([[4, 5]], 3)
    assert dict(counter.unigrams) == {"4": 1, "5": 1, "0": 1}


def test_the_best_on_validation_is_taken_and_scores_all_tokens() -> None:
    tried = choose(TRAIN, [[4, 5, 8]], SIZE, PARAMS)
    assert len(tried) == 8
    assert [one.loss for one in tried] == sorted(one.loss for one in tried)
    (scores,) = score_chosen(TRAIN, [[4, 5, 8]], SIZE, tried[0])
    assert scores.shape == (4,)
    assert np.isclose(-scores.mean(), tried[0].loss)
    assert np.isfinite(scores).all()  # 8 was never seen
