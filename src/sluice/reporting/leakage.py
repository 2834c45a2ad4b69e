"""The eight kinds of leakage of Kapoor & Narayanan, answered from the facts of one run.

In: the contents of a report. Out: eight answers, each with a verdict and its reason in numbers. An
answer that the files cannot give is called open; nothing is computed here but counts of rows.

Source: Kapoor & Narayanan 2023, "Leakage and the reproducibility crisis in machine-learning-based
science", Patterns 4 (9), 100804, table 1.
"""

from typing import Literal, NamedTuple

from markupsafe import Markup

from sluice.reporting.contents import Contents
from sluice.reporting.numbers import count, share
from sluice.reporting.verdict import Write

Verdict = Literal["ruled out", "open", "found"]


class Answer(NamedTuple):
    """One kind of leakage, and what is known of it in this run."""

    kind: str
    name: str
    verdict: Verdict
    reason: Markup


def _say(sentence: str, *numbers: object) -> Markup:
    return Markup(sentence).format(*numbers)  # noqa: S704 - the sentences are this module's own


def _no_test_set(contents: Contents) -> Answer:
    rows = contents.leaks.rows
    reason = _say(
        "{} test rows stand apart from {} training and {} validation rows. Epochs, settings and "
        "the selected model were chosen on validation rows; {} candidates were scored on the test "
        "rows after that.",
        count(rows.test), count(rows.train), count(rows.validation),
        count(len(contents.evaluation.models)),
    )  # fmt: skip
    return Answer("L1.1", "no test set", "ruled out", reason)


def _preprocessing(contents: Contents) -> Answer:
    rows = contents.augmentation.rows
    reason = _say(
        "Cleaning looks at one text at a time. Vocabularies and counts were fitted on training "
        "rows. Resampling and augmentation came after the split and saw {} training rows alone, "
        "which became {} ({} synthetic).",
        count(rows.before), count(rows.after), count(rows.synthetic),
    )  # fmt: skip
    verdict: Verdict = "ruled out" if rows.before == contents.leaks.rows.train else "found"
    return Answer("L1.2", "pre-processing on training and test rows", verdict, reason)


def _selection(contents: Contents) -> Answer:
    fitted = [one.train_rows for one in contents.training.values()]
    seen = count(max(fitted)) if fitted else count(contents.augmentation.rows.after)
    reason = _say(
        "The only features are tokens and n-grams; which are kept was decided by their counts in "
        "at most {} training rows. No feature was picked by its relation to test labels.",
        seen,
    )  # fmt: skip
    return Answer("L1.3", "feature selection on training and test rows", "ruled out", reason)


def _duplicates(contents: Contents) -> Answer:
    leaks, naive = contents.leaks, contents.leaks.naive_split
    reason = _say(
        "{} test rows have an exact or near duplicate in training; a random split would have {} of "
        "{} ({}). {} groups of duplicates were kept together.",
        count(leaks.leaked), count(naive.leaked.mean), count(naive.test_rows),
        share(naive.leaked_share, 1), count(leaks.clusters.several),
    )  # fmt: skip
    return Answer("L1.4", "duplicates", "found" if leaks.leaked else "ruled out", reason)


def _illegitimate(contents: Contents, write: Write) -> Answer:
    unread = [write(name) for name in contents.traces.columns]
    others = (
        _say("Of the other columns ({}) none is read by a model. ", Markup(", ").join(unread))
        if unread
        else Markup("")
    )
    reason = _say(
        "Models read the text and nothing else. {}Whether texts hold what would not be there when "
        "the model is used, such as hashtags that name the label, only people can judge.",
        others,
    )  # fmt: skip
    return Answer("L2", "features that the model may not use", "open", reason)


def _temporal(contents: Contents, write: Write) -> Answer:
    traces, name = contents.traces, "test rows from before training rows"
    if traces.dated is None:
        reason = _say(
            "The rows have no time, so the split ({}) could not follow it: some test rows may be "
            "older than training rows, and scores on tomorrow's texts may be lower.",
            write(contents.leaks.method),
        )
        return Answer("L3.1", name, "open", reason)
    reason = _say(
        "{} of {} dated test rows are older than the newest training row; split method: {}.",
        count(traces.older), count(traces.dated),
        write(contents.leaks.method),
    )  # fmt: skip
    return Answer("L3.1", name, "found" if traces.older else "ruled out", reason)


def _dependence(contents: Contents) -> Answer:
    traces, name = contents.traces, "dependence between training and test rows"
    if traces.grouped is None:
        reason = _say(
            "Texts that are alike ({} rows in {} groups) were never parted. The rows name no "
            "author or other group, so one author's texts may be in training and in test.",
            count(contents.leaks.clusters.rows_in_several),
            count(contents.leaks.clusters.several),
        )
        return Answer("L3.2", name, "open", reason)
    reason = _say(
        "{} of {} test rows with a group (an author, say) share it with a training row; texts that "
        "are alike were never parted.",
        count(traces.shared), count(traces.grouped),
    )  # fmt: skip
    return Answer("L3.2", name, "found" if traces.shared else "ruled out", reason)


def _largest_shift(contents: Contents) -> tuple[str, float, float]:
    read, test = contents.provenance.label_counts, contents.leaks.label_counts.test
    sums = max(sum(read.values()), 1), max(sum(test.values()), 1)
    shares = [
        (label, read.get(label, 0) / sums[0], test.get(label, 0) / sums[1])
        for label in contents.provenance.labels
    ]
    return max(shares, key=lambda one: abs(one[1] - one[2]))


def _sampling(contents: Contents, write: Write) -> Answer:
    provenance, rows = contents.provenance, contents.leaks.rows
    label, before, after = _largest_shift(contents)
    reason = _say(
        "The test rows are of the same source as the training rows, less {} rejected rows, {} "
        "exact copies and {} rows with contested labels, so they are cleaner than what comes in. "
        "The label whose share moved most is {}: {} of the rows read, {} of the test rows. Scores "
        "hold for such texts; other sources need test rows of their own.",
        count(provenance.rows.rejected), count(rows.dropped_exact), count(rows.dropped_conflicts),
        write(label), share(before, 1), share(after, 1),
    )  # fmt: skip
    return Answer("L3.3", "sampling bias in the test rows", "open", reason)


def answer_leakage(contents: Contents, write: Write) -> list[Answer]:
    """Answer the eight kinds in the order of the source; foreign names by the caller's `write`."""
    return [
        _no_test_set(contents),
        _preprocessing(contents),
        _selection(contents),
        _duplicates(contents),
        _illegitimate(contents, write),
        _temporal(contents, write),
        _dependence(contents),
        _sampling(contents, write),
    ]
