"""What the numbers amount to: where the selected model stands, and what weakens the claim.

In: the contents of a report. Out: sentences, the same in HTML and in Markdown; names in them are
written by the caller's function. It judges by intervals alone, never by a bare difference.
"""

from collections.abc import Callable

from markupsafe import Markup

from sluice.reporting.contents import Contents
from sluice.reporting.numbers import count, interval, points, signed, signed_interval
from sluice.reporting.scores import Evaluation

Write = Callable[[str], Markup]


def place(low: float, high: float) -> str:
    """Say where a difference puts the first of two, by its interval."""
    if high < 0:
        return "below"
    return "level with" if low <= 0 else "above"


def _standing(evaluation: Evaluation, write: Write) -> Markup:
    gap, baseline = evaluation.gap, evaluation.best_baseline
    if gap is None or baseline is None:
        return Markup("No baseline stands beside it.")
    return Markup("It is {} the best baseline, {}: {} points ({}, paired).").format(
        place(gap.low, gap.high), write(baseline), signed(gap.value), signed_interval(gap)
    )


def headline(contents: Contents, write: Write) -> Markup:
    """Say which model was selected, what it reaches, and how it stands to the best baseline."""
    evaluation = contents.evaluation
    shown = evaluation.models[evaluation.shown]
    reached = Markup(
        "{} reaches a macro-F1 of {} points ({:g}% interval {}) on {} test rows."
    ).format(
        write(evaluation.shown),
        points(shown.test["macro_f1"]),
        100 * evaluation.confidence,
        interval(shown.intervals["macro_f1"]),
        count(evaluation.rows),
    )
    if evaluation.selected is None:
        return Markup("No model was trained. The best baseline, {}").format(reached)
    return Markup("{} {}").format(reached, _standing(evaluation, write))


def beside(contents: Contents, key: str, write: Write) -> Markup:
    """Say how a candidate stands to all others: ties first, then better, then worse."""
    verdict = contents.pairs.verdicts[key]
    sides = {
        "no evidence against": verdict.no_evidence_against,
        "better than": verdict.better_than,
        "worse than": verdict.worse_than,
    }
    found = [
        Markup("{} {}").format(words, Markup(", ").join(map(write, others)))
        for words, others in sides.items()
        if others
    ]
    return Markup("; ").join(found) if found else Markup("no other candidate")


def _weak_labels(contents: Contents, write: Write) -> list[Markup]:
    evaluation = contents.evaluation
    support = evaluation.models[evaluation.shown].per_class
    rows = {label: int(support[label].support) for label in evaluation.labels}
    few = [
        Markup("{} ({})").format(write(label), count(number))
        for label, number in rows.items()
        if number < contents.few_rows
    ]
    sentence = Markup(
        "Few test rows for {}: the scores of such a label say little, and weigh as much in "
        "macro-F1 as those of any other."
    )
    return [sentence.format(Markup(", ").join(few))] if few else []


def weaknesses(contents: Contents, write: Write) -> list[Markup]:
    """Say what a reader must know before using the number; nothing where nothing is weak."""
    evaluation, gap, found = contents.evaluation, contents.evaluation.gap, []
    if contents.leaks.leaked:
        sentence = Markup(
            "{} test rows have a near duplicate among the training rows: the scores are too high "
            "by an unknown amount."
        )
        found.append(sentence.format(count(contents.leaks.leaked)))
    if gap is None or evaluation.best_baseline is None:
        found.append(
            Markup("No model and baseline stand side by side: nothing tells a good score.")
        )
    elif place(gap.low, gap.high) == "below":
        sentence = Markup(
            "The whole interval of the difference lies below zero: the simpler {} is better."
        )
        found.append(sentence.format(write(evaluation.best_baseline)))
    return found + _weak_labels(contents, write)
