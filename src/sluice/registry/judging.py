"""The gate: a finished run against the champion, check by check.

In: a project's folder. Out: a `Decision`. Nothing is written and nothing moves: that is
`sluice.registry.promotion`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluice.errors import ParamsError
from sluice.evaluation.behaviour import find_failures
from sluice.evaluation.calibration import measure_calibration
from sluice.evaluation.candidates import Candidate, judge
from sluice.evaluation.comparison import compare
from sluice.evaluation.rivals import compare_failures, compare_slices
from sluice.evaluation.rounding import rounded
from sluice.evaluation.scaling import scale
from sluice.evaluation.slice_scores import SliceTerms
from sluice.evaluation.slices import Slice, cut_slices
from sluice.params import read_section
from sluice.registry import checks
from sluice.registry.champion import answer_probes, predict_rows
from sluice.registry.decisions import Check, Decision, Origin, Score
from sluice.registry.latency import compare_latency
from sluice.registry.learnt import count_seen
from sluice.registry.origin import describe_origin
from sluice.registry.pointer import read_pointer
from sluice.registry.run import Run, read_run
from sluice.registry.settings import Gate
from sluice.registry.versions import MODEL, ROWS, Version, verify_version, version_folder
from sluice.serving.model import Model, load_model
from sluice.text.traits import find_traits

LINEAR = ("tfidf_svm", "tfidf_logreg")
"""Without one of these the best baseline is none worth beating."""
AGAINST_CHAMPION = (
    "labels", "seen", "champion", "slices", "behaviour", "calibration", "size", "latency",
)  # fmt: skip


def _score(run: Run) -> dict[str, float]:
    one = run.evaluation["models"][run.challenger.key]
    return {"value": one["test"]["macro_f1"], **one["intervals"]["macro_f1"]}


def _check_alone(run: Run, gate: Gate) -> list[Check]:
    """What a challenger is asked with or without a champion; figures are the evaluation's."""
    linear = any(key in run.evaluation["models"] for key in LINEAR)
    baseline = run.evaluation["best_baseline"] if linear else None
    difference = run.evaluation["models"][run.challenger.key].get("against_baseline")
    found = checks.check_baseline(difference, baseline, gate)
    return [checks.check_floor(_score(run), gate), found]


def _cut(run: Run, gate: Gate) -> list[Slice]:
    """The slices that `evaluate` scores.

    Raises:
        ParamsError: a margin is for a dimension that there is not.
    """
    rows, rules = run.parts["test"], run.rules
    listed = [*rules.fairness_columns, *run.declared, *rules.slices.columns]
    columns = [name for name in dict.fromkeys(listed) if name in rows]
    parts = cut_slices(rows, find_traits(rows["text"], rows["cleaned"]), columns, rules.slices)
    known = dict.fromkeys(part.dimension for part in parts)
    unknown = sorted(set(gate.slice_margins) - set(known))
    if unknown:
        raise ParamsError(
            f"gate.slice_margins: no slices by {', '.join(unknown)}; there are: {', '.join(known)}"
        )
    return parts


def _compare_slices(run: Run, champion: Candidate, gate: Gate) -> list[dict[str, Any]]:
    draw, terms = run.terms.bootstrap, run.terms
    slice_terms = SliceTerms(
        [run.challenger, champion],
        terms.label_names,
        run.groups,
        draw.resamples,
        draw.seed,
        draw.confidence,
        run.rules.slices.min_rows,
    )
    found: list[dict[str, Any]] = rounded(compare_slices(_cut(run, gate), slice_terms))
    return found


def _check_behaviour(run: Run, model: Model, gate: Gate) -> Check:
    tests, names = run.behaviour["tests"], run.terms.label_names
    if not tests:
        return checks.not_asked("behaviour", "no behaviour suite ran: see reports/model-card.md")
    ours, theirs = (
        find_failures(tests, run.probes, said, names)
        for said in (run.answers, answer_probes(model, run))
    )
    rise = rounded(compare_failures(ours, theirs, run.terms.bootstrap))
    return checks.check_behaviour(rise, int(sum(map(len, ours.values()))), gate)


def _check_calibration(run: Run, champion: Candidate, gate: Gate) -> Check:
    names, draw = run.terms.label_names, run.terms.bootstrap
    scaled = {champion.key: scale(champion, names)}
    found = measure_calibration(scaled, run.groups, names, draw, run.rules.calibration)
    error = float(rounded(found[champion.key]["after"]["ece"]["value"]))
    return checks.check_calibration(run.calibration["after"]["ece"], error, gate)


def _check_seen(root: Path, run: Run, gate: Gate, version: Version, now: Origin) -> Check:
    rows = run.parts["test"]
    table = version_folder(root, version.version) / ROWS
    seen = count_seen(table, version.rows, rows["text"].to_list(), (version.origin, now))
    return checks.check_seen(seen, len(rows), gate)


def _check_against(
    root: Path, run: Run, gate: Gate, version: Version, now: Origin
) -> tuple[list[Check], Mapping[str, float] | None]:
    """What a challenger is asked beside a champion, and the difference in macro-F1."""
    same = checks.check_labels(run.terms.label_names, version.labels)
    if same.verdict == "failed":
        why = "the labels are others than the champion's"
        return [same, *(checks.not_asked(name, why) for name in AGAINST_CHAMPION[1:])], None
    model = load_model(version_folder(root, version.version) / MODEL)
    champion = predict_rows(model, run)
    first, second = judge([run.challenger, champion], run.groups, run.terms)
    confidence = run.terms.bootstrap.confidence
    difference = rounded(compare(first, second, confidence))
    sizes = [sum(one.bytes for one in files.values()) for files in (run.files, version.files)]
    texts = run.parts["test"]["text"].to_list()
    challenger = load_model(root / run.folder)
    ratio = rounded(compare_latency(challenger, model, texts, gate.latency, confidence))
    return [
        same,
        _check_seen(root, run, gate, version, now),
        checks.check_champion(difference, gate),
        checks.check_slices(_compare_slices(run, champion, gate), confidence, gate),
        _check_behaviour(run, model, gate),
        _check_calibration(run, champion, gate),
        checks.check_size(sizes[0], sizes[1], gate),
        checks.check_latency(ratio, gate),
    ], difference


def judge_challenger(root: Path = Path(), params: Path = Path("params.yaml")) -> Decision:
    """Judge the selected model of the finished run against the champion on the present test rows.

    Without a champion only the floor and the baseline are asked, and the other checks say so.

    Args:
        root: the project.
        params: its parameters, relative to it.

    Raises:
        ParamsError: section gate is wrong.
        SourceError: an output of the run is missing.
        DataError: an output is not that of dvc.lock, or no model was selected.
        ModelError: a file of the champion is missing or corrupt.
    """
    gate = read_section(root / params, "gate", Gate)
    run, pointer = read_run(root, root / params), read_pointer(root)
    found, difference, version = _check_alone(run, gate), None, None
    now = describe_origin(root)
    if pointer is None:
        found += [checks.not_asked(name, checks.NO_CHAMPION) for name in AGAINST_CHAMPION]
    else:
        version = verify_version(root, pointer)
        against, difference = _check_against(root, run, gate, version, now)
        found += against
    return Decision(
        challenger=run.challenger.key,
        folder=run.folder,
        files=run.files,
        labels=run.terms.label_names,
        score=Score(**_score(run)),
        champion=version.version if version else None,
        difference=Score(**difference) if difference else None,
        test_rows=len(run.parts["test"]),
        checks=tuple(found),
        origin=now,
        gate=gate.model_dump(mode="json"),
    )
