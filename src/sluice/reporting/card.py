"""The model card: what the model is for, what it was made from, what it reaches, where it ends.

In: the contents of a report. Out: sections of sentences, the same in HTML and in Markdown.
Foreign words are written by the caller's function. It computes no score.

After Mitchell et al. 2019, "Model Cards for Model Reporting", sections 4.1 to 4.9.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from markupsafe import Markup

from sluice.reporting.contents import Contents
from sluice.reporting.findings import (
    tell_behaviour,
    tell_calibration,
    tell_doubts,
    tell_folds,
    tell_pairs,
    tell_shortcuts,
)
from sluice.reporting.numbers import count, interval, points, share, signed, signed_interval
from sluice.reporting.texts import to_plain
from sluice.reporting.verdict import Write, headline, weaknesses

INTENDED_USE = (
    "Finding out how texts of the same source and language as the training rows are distributed "
    "over the labels, and sorting them for people to read. Not meant for decisions about single "
    "persons, for other languages or sources, or for texts that differ from the test rows that are "
    "described below."
)
_HARMLESS = " .,;:()'?!%/-"


class Section(NamedTuple):
    """A heading and its sentences."""

    title: str
    sentences: list[Markup]


def write_prose(text: str, limit: int = 2000) -> Markup:
    """Write a user's own sentences so that neither HTML nor Markdown obeys anything in them."""
    line = to_plain(" ".join(text.split()), limit)
    safe = (one if one.isalnum() or one in _HARMLESS else f"&#{ord(one)};" for one in line)
    return Markup("".join(safe))  # noqa: S704 - every sign that means something is an entity


def _model(contents: Contents, write: Write) -> list[Markup]:
    shown = contents.evaluation.shown
    found = [headline(contents, write)]
    if shown in contents.training:
        trained = contents.training[shown]
        found.append(
            Markup("{} parameters, {} epochs, of which epoch {} is kept; seed {}.").format(
                count(trained.parameters),
                count(trained.epochs),
                count(trained.best_epoch),
                contents.evaluation.models[shown].seed,
            )
        )
    return found


def _data(contents: Contents, write: Write) -> list[Markup]:
    source, rows = contents.provenance, contents.provenance.rows
    return [
        Markup("Source: {}, version {}, licence {}, file {}.").format(
            write(source.origin or source.source), write(source.version or "not stated"),
            write(source.licence or "not stated by the source"), write(source.file),
        ),
        Markup("SHA-256 of the file: {}.").format(write(source.sha256)),
        Markup("{} rows read, {} kept, {} rejected.").format(
            count(rows.read), count(rows.kept), count(rows.rejected)
        ),
        Markup("Labels: {}.").format(
            Markup(", ").join(
                Markup("{} ({} rows)").format(write(label), count(source.label_counts[label]))
                for label in source.labels
            )
        ),
    ]  # fmt: skip


def _splits(contents: Contents, write: Write) -> list[Markup]:
    rows = contents.leaks.rows
    total = rows.train + rows.validation + rows.test
    parts = ((name, getattr(rows, name)) for name in ("train", "validation", "test"))
    shown = [Markup("{} {} ({})").format(name, count(n), share(n, total)) for name, n in parts]
    return [
        Markup("Rows: {}; method {}.").format(
            Markup(", ").join(shown), write(contents.leaks.method)
        ),
        Markup(
            "Dropped: {} exact copies, {} rows with contested labels, {} in groups that cross a "
            "date."
        ).format(
            count(rows.dropped_exact), count(rows.dropped_conflicts), count(rows.dropped_crossing)
        ),
        Markup("Training rows after resampling ({}): {}.").format(
            write(contents.augmentation.resampling), count(contents.augmentation.rows.after)
        ),
    ]  # fmt: skip


def _scores(contents: Contents, write: Write) -> Iterator[Markup]:
    evaluation = contents.evaluation
    confidence = Markup("{:g}%").format(100 * evaluation.confidence)
    yield Markup("Scores in points on {} test rows, with {} intervals.").format(
        count(evaluation.rows), confidence
    )
    for key, model in evaluation.ranked.items():
        gap = model.against_baseline
        beside = (
            Markup("; {} ({}) against the best baseline").format(
                signed(gap.value), signed_interval(gap)
            )
            if gap
            else Markup("")
        )
        yield Markup("{}: macro-F1 {} ({}), accuracy {} ({}){}.").format(
            write(key), points(model.test["macro_f1"]), interval(model.intervals["macro_f1"]),
            points(model.test["accuracy"]), interval(model.intervals["accuracy"]), beside,
        )  # fmt: skip
    classes = evaluation.models[evaluation.shown].per_class
    yield Markup("F1 of {} by label: {}.").format(
        write(evaluation.shown),
        Markup(", ").join(
            Markup("{} {}").format(write(label), points(classes[label].f1))
            for label in evaluation.labels
        ),
    )


def _slices(contents: Contents, write: Write) -> Iterator[Markup]:
    slices = contents.slices
    yield Markup("{} slices of the test rows were scored; too small to score: {}.").format(
        count(len(slices.slices)), count(len(slices.too_small))
    )
    for one in slices.weak:
        score = one.scores[slices.shown].macro_f1
        yield Markup("Weak: {}: macro-F1 {} ({}) on {} rows, {} against all rows.").format(
            write(one.name), points(score.value), interval(score),
            count(one.rows), signed(one.difference.value),
        )  # fmt: skip
    for column, gap in slices.fairness.items():
        if gap is None:
            yield Markup("{}: no two groups are large enough to compare.").format(write(column))
        else:
            yield Markup("{}: the largest gap is {} points ({}), {} against {}.").format(
                write(column), signed(gap.value), signed_interval(gap), write(gap.best),
                write(gap.worst),
            )  # fmt: skip
    if not slices.fairness:
        yield Markup("No columns were declared as relevant for fairness: gaps were not measured.")


def _limits(contents: Contents, write: Write) -> Iterator[Markup]:
    yield from weaknesses(contents, write)
    lengths = contents.lengths["test"]
    yield Markup(
        "Test texts have {} to {} tokens, half of them at most {}; longer texts were not tested."
    ).format(*(count(int(number)) for number in (lengths.min(), lengths.max(), lengths.median())))
    yield Markup(
        "Intervals say how far scores move on other test rows of the same kind. They say nothing "
        "of other sources, later times or labels given by other people."
    )
    if not contents.evaluation.seeded:
        yield Markup("One training seed: what another training would change was not measured.")


PARTS: dict[str, Callable[[Contents, Write], list[Markup] | Iterator[Markup]]] = {
    "Model": _model,
    "Data": _data,
    "Splits": _splits,
    "Scores": _scores,
    "Comparison": tell_pairs,
    "Folds": tell_folds,
    "Calibration": tell_calibration,
    "Slices": _slices,
    "Behaviour": tell_behaviour,
    "Shortcuts": tell_shortcuts,
    "Labels in doubt": tell_doubts,
    "Limits": _limits,
}


def card_sections(contents: Contents, write: Write) -> list[Section]:
    """Give the card's sections in order; foreign names are written by `write`."""
    use = Section("Intended use", [write_prose(contents.intended_use)])
    found = [Section(title, list(part(contents, write))) for title, part in PARTS.items()]
    return [found[0], use, *found[1:]]
