"""Makes each mistake on purpose, beside the honest way, seed by seed.

In: items and a learner. Out: which test items each arm got right. It stops at single seeds: what
they say together is in `sluice.lab.summary`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.metrics import f1_score

from sluice.errors import ParamsError
from sluice.lab.arms import (
    Arm,
    Items,
    augment_first,
    know_all_words,
    oversample_first,
    split_at_random,
    three_parts,
)
from sluice.lab.linear import LinearLearner
from sluice.lab.network import NetworkLearner
from sluice.lab.rows import Integers


class Learner(Protocol):
    """What the lab asks of a learner; see `sluice.lab.linear` and `sluice.lab.network`."""

    name: str
    choices: Sequence[Any]

    @property
    def default(self) -> Any: ...
    def predict(
        self, arm: Arm, asked: Sequence[Integers], seed: int, choices: Sequence[Any]
    ) -> Iterator[list[Integers]]: ...


LEARNERS: dict[str, Callable[[Items], Learner]] = {"svm": LinearLearner, "lstm": NetworkLearner}


class Score(NamedTuple):
    """How one arm did; arrays are (test items,)."""

    right: Integers
    """1 where the predicted label is the true one."""
    clusters: Integers
    macro_f1: float


class Trial(NamedTuple):
    """One mistake with one seed."""

    mistake: str
    seed: int
    honest: Score
    leaky: Score
    train_rows: int


def _score(items: Items, test: Integers, predicted: Integers) -> Score:
    true = items.labels[test]
    right = (predicted == true).astype(np.int64)
    return Score(right, items.clusters[test], float(f1_score(true, predicted, average="macro")))


Maker = Callable[[Items, float, int], tuple[Arm, Arm]]
PAIRS: dict[str, Maker] = {
    "random_split": split_at_random,
    "oversampling_first": oversample_first,
    "augmentation_first": augment_first,
    "features_of_all_rows": know_all_words,
}
CHOOSING = "choosing_on_test"
MISTAKES = {
    "random_split": "random split with duplicates",
    "oversampling_first": "oversampling before the split",
    "augmentation_first": "augmentation before the split",
    "features_of_all_rows": "features fitted on all rows",
    CHOOSING: "choosing on the test rows",
}
"""Each mistake in words, in the order of the table."""


def try_pair(items: Items, learner: Learner, mistake: str, share: float, seed: int) -> Trial:
    """Fit both arms of a mistake and test them."""
    arms = PAIRS[mistake](items, share, seed)
    honest, leaky = (
        _score(items, arm.test, next(learner.predict(arm, [arm.test], seed, [learner.default]))[0])
        for arm in arms
    )
    return Trial(mistake, seed, honest, leaky, len(arms[0].train))


def try_choosing(items: Items, learner: Learner, share: float, seed: int) -> Trial:
    """Try all choices; take the best on validation (honest), or the best on test (leaky).

    The first of equals is taken. The maximum of many test scores is too high even if all choices
    are alike (Cawley & Talbot 2010, "On over-fitting in model selection", JMLR 11).
    """
    arm, validation = three_parts(items, share, seed)
    asked = [validation, arm.test]
    found = list(learner.predict(arm, asked, seed, learner.choices))
    scores = [
        [float((predicted[place] == items.labels[rows]).mean()) for predicted in found]
        for place, rows in enumerate(asked)
    ]
    on_validation, on_test = (int(np.argmax(one)) for one in scores)
    honest, leaky = (
        _score(items, arm.test, found[choice][1]) for choice in (on_validation, on_test)
    )
    return Trial(CHOOSING, seed, honest, leaky, len(arm.train))


def run_trials(
    items: Items, learner: Learner, seeds: int, share: float, tell: Callable[[Trial], None]
) -> list[Trial]:
    """Try every mistake with every seed; `tell` hears of each.

    Raises:
        ParamsError: no seed, or shares that leave nothing to train on.
    """
    if seeds < 1 or not 0 < share <= 0.4:
        raise ParamsError("--seeds must be at least 1, and --test-share above 0 and up to 0.4")
    trials = []
    for seed in range(seeds):
        for mistake in MISTAKES:
            if mistake == CHOOSING:
                trial = try_choosing(items, learner, share, seed)
            else:
                trial = try_pair(items, learner, mistake, share, seed)
            trials.append(trial)
            tell(trial)
    return trials
