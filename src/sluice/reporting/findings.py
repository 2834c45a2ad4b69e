"""What comparisons and audits found of the shown candidate, in short, for the model card.

In: the contents of a report. Out: sentences, the same in HTML and in Markdown; foreign words are
written by the caller's function. Full tables are in the report; nothing is computed here.
"""

from collections.abc import Iterator

from markupsafe import Markup

from sluice.reporting.contents import Contents
from sluice.reporting.numbers import (
    count,
    interval,
    p_value,
    points,
    share,
    signed,
    signed_interval,
)
from sluice.reporting.verdict import Write, beside

WORST_SHOWN = 3
"""Capabilities that are named, the most failed first."""


def tell_pairs(contents: Contents, write: Write) -> Iterator[Markup]:
    """How the shown candidate stands to all others, and in rows to the best baseline."""
    evaluation, pairs = contents.evaluation, contents.pairs
    shown, baseline = evaluation.shown, evaluation.best_baseline
    yield Markup("{}: {} (paired intervals, Holm's correction for {} pairs).").format(
        write(shown), beside(contents, shown, write), count(len(pairs.pairs))
    )
    if baseline is not None and baseline != shown:
        pair = pairs.between(shown, baseline)
        yield Markup(
            "Of {} test rows only {} is right on {}, only {} on {}; McNemar's p {}."
        ).format(
            count(pairs.rows), write(pair.first), count(pair.mcnemar.only_first),
            write(pair.second), count(pair.mcnemar.only_second), p_value(pair.mcnemar.p_holm),
        )  # fmt: skip


def tell_folds(contents: Contents, write: Write) -> Iterator[Markup]:
    """Means over folds held out in turn, of the best model and the best baseline."""
    folds = contents.folds
    for name in (folds.selected, folds.best_baseline):
        if name is not None:
            found = folds.models[name]
            yield Markup(
                "{}: macro-F1 {} over {} folds held out in turn; other training rows: {}."
            ).format(
                write(name), points(found.mean), count(len(folds.folds)), interval(found.over_folds)
            )
    if not folds.models:
        yield Markup("No folds were held out: what other training rows change was not measured.")


def tell_calibration(contents: Contents, write: Write) -> Iterator[Markup]:
    """How far probabilities can be believed, and how many rows may be left to people."""
    evaluation, calibration = contents.evaluation, contents.calibration
    one = calibration.models[evaluation.shown]
    before, after = one.before.ece, one.after.ece
    yield Markup(
        "Expected calibration error of {}: {} points ({}) as trained, {} ({}) with its temperature "
        "of {}; by chance alone up to {}."
    ).format(
        write(evaluation.shown), points(before.value), interval(before), points(after.value),
        interval(after), f"{one.temperature:.2f}", points(after.chance.high),
    )  # fmt: skip
    yield Markup("At {}% errors it could answer {}% of the rows ({}) in hindsight.").format(
        points(calibration.error_rate), points(one.coverage.value), interval(one.coverage)
    )
    reached = one.answered
    if reached.error_rate is None:
        yield Markup("No threshold of validation rows keeps to that error rate: none is answered.")
    else:
        yield Markup(
            "With thresholds of validation rows it answers {}% ({}), of which {}% ({}) are wrong."
        ).format(
            points(reached.coverage.value), interval(reached.coverage),
            points(reached.error_rate.value), interval(reached.error_rate),
        )  # fmt: skip


def tell_behaviour(contents: Contents, write: Write) -> Iterator[Markup]:
    """Failure rates of behaviour tests, the worst capabilities by name."""
    behaviour = contents.behaviour
    if not behaviour.tests:
        yield Markup("No behaviour test was run.")
        return
    rates = behaviour.models[behaviour.shown]
    yield Markup("{} fails {} of {} made cases: {}% ({}).").format(
        write(behaviour.shown), count(rates.all.failed), count(rates.all.cases),
        points(rates.all.rate), interval(rates.all),
    )  # fmt: skip
    ranked = sorted(behaviour.capabilities, key=lambda name: -rates.capabilities[name].rate)
    worst = [(name, rates.capabilities[name]) for name in ranked[:WORST_SHOWN]]
    yield Markup("Most at: {}.").format(
        Markup(", ").join(
            Markup("{} {}% ({})").format(write(name), points(found.rate), interval(found))
            for name, found in worst
        )
    )


def tell_shortcuts(contents: Contents, write: Write) -> Iterator[Markup]:
    """What the shown candidate loses where words that name a label are hidden."""
    shown, audit = contents.evaluation.shown, contents.shortcuts
    found = audit.models[shown]
    yield Markup(
        "With label words and hashtags hidden in {} of {} test rows, the macro-F1 of {} drops by "
        "{} points ({}); {} decisions change."
    ).format(
        count(audit.masked.rows), count(audit.masked.test_rows), write(shown),
        signed(found.drop.value), signed_interval(found.drop), count(found.changed_decisions),
    )  # fmt: skip


def tell_doubts(contents: Contents, _write: Write) -> Iterator[Markup]:
    """How many training labels are in doubt."""
    found = contents.doubts.facts
    yield Markup(
        "{} of {} training labels ({}) are in doubt by models that saw other rows; confident "
        "learning takes {} for wrong, rather too many. None was changed."
    ).format(
        count(found.suspects), count(found.rows), share(found.suspects, found.rows),
        share(found.estimated_share, 1),
    )  # fmt: skip
