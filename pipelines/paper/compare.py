"""Compare: the paper's table 1 and figures 3 and 4, published and measured under two protocols.

In: predictions, curves and seconds of both protocols. Out: one table as CSV and Markdown, the
seconds in a file of their own, the figures. It trains nothing.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from figures import draw_comparison, draw_curves, draw_splits
from published import Published, accuracy_within, is_possible, nearest_count

from sluice.command import run_stage
from sluice.evaluation.candidates import Candidate, Judged, Terms, candidate_key, judge
from sluice.evaluation.intervals import percentile_interval
from sluice.evaluation.metrics import polarity_values
from sluice.evaluation.predictions import check_predictions
from sluice.files import read_json, read_parquet, staged, write_csv
from sluice.params import parse_section, read_section, read_yaml
from sluice.reporting.canvas import save_figure, style
from sluice.stages.baseline import Baseline
from sluice.stages.evaluate import Evaluate
from sluice.stages.train import Train

PROTOCOLS = ("claimed", "honest")
SCORES = {"log_loss": "log_loss", "polarity_mae": "mae", "polarity_mse": "mse"}


def _wanted(params: Path) -> list[tuple[Any, str, int | None]]:
    """Kind, name and seed of each candidate."""
    train = read_section(params, "train", Train)
    models: list[tuple[Any, str, int | None]] = [
        ("model", name, seed) for name in train.models for seed in train.seeds
    ]
    names = read_section(params, "baseline", Baseline).names
    return models + [("baseline", name, None) for name in names]


def _judge(
    folder: Path, test: pd.DataFrame, wanted: list[tuple[Any, str, int | None]], terms: Terms
) -> list[Judged]:
    candidates = []
    for kind, name, seed in wanted:
        path = folder / f"{candidate_key(name, seed)}.parquet"
        frame = check_predictions(read_parquet(path), terms.label_names, str(path))
        candidates.append(Candidate(kind, name, seed, frame))
    return judge(candidates, pd.factorize(test["cluster"])[0], terms)


def _row(protocol: str, one: Judged, test: pd.DataFrame, confidence: float) -> dict[str, Any]:
    low, high = percentile_interval(one.samples["accuracy"], confidence)
    return {
        "protocol": protocol,
        "model": one.candidate.name,
        "seed": one.candidate.seed,
        "test_rows": len(test),
        "posts": int(test["cluster"].nunique()),
        "accuracy": one.test["accuracy"],
        "accuracy_low": low,
        "accuracy_high": high,
        "macro_f1": one.test["macro_f1"],
        **{short: one.test[name] for name, short in SCORES.items()},
    }


def published_rows(published: Published) -> list[dict[str, Any]]:
    """The paper's accuracies with the interval that as many rows allow."""
    rows = []
    for name, accuracy in published.accuracy.items():
        _, low, high = nearest_count(accuracy, published.rows)
        row = {"protocol": "published", "model": name, "test_rows": published.rows}
        rows.append(row | {"accuracy": accuracy / 100, "accuracy_low": low, "accuracy_high": high})
    return rows


def _shown(value: Any, scale: float, digits: int) -> str:
    return "-" if pd.isna(value) else f"{scale * value:.{digits}f}"


def _table_lines(table: pd.DataFrame) -> list[str]:
    lines = ["| protocol | model | test rows (posts) | accuracy | loss | MAE | MSE |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in table.to_dict("records"):
        posts = "" if pd.isna(row["posts"]) else f" ({row['posts']})"
        name = candidate_key(row["model"], None if pd.isna(row["seed"]) else row["seed"])
        bounds = f"{_shown(row['accuracy_low'], 100, 1)} to {_shown(row['accuracy_high'], 100, 1)}"
        scores = " | ".join(_shown(row[key], 1, 3) for key in ("log_loss", "mae", "mse"))
        accuracy = _shown(row["accuracy"], 100, 1)
        lines.append(
            f"| {row['protocol']} | {name} | {row['test_rows']}{posts} | {accuracy} "
            f"({bounds}) | {scores} |"
        )
    return lines


def _splits_lines(scores: pd.DataFrame) -> list[str]:
    lines = ["| protocol | test rows also in training | accuracy: mean (least to most) | unseen |"]
    lines.append("|---|---|---|---|")
    for protocol, rows in scores.groupby("protocol", sort=False):
        share, unseen = (rows["seen"] / rows["test_rows"]).mean(), rows["accuracy_unseen"].mean()
        low, mean, high = (100 * f(rows["accuracy"]) for f in (min, pd.Series.mean, max))
        lines.append(
            f"| {protocol} | {100 * share:.1f}% | {mean:.1f} ({low:.1f} to {high:.1f}) | "
            f"{_shown(unseen, 100, 1)} |"
        )
    return lines


def markdown(table: pd.DataFrame, scores: pd.DataFrame, published: Published) -> str:
    """Both tables, and what the published figures allow."""
    impossible = [
        f"{accuracy}%"
        for name, accuracy in published.accuracy.items()
        if not is_possible(accuracy, published.rows, published.digits[name])
    ]
    low, high = accuracy_within(published.mae)
    notes = [
        f"Accuracies that no whole number of {published.rows} rows gives: "
        f"{', '.join(impossible) or 'none'}.",
        f"Predicted labels with a mean absolute error of {published.mae} on -1, 0, 1 are right in "
        f"{100 * low:.1f}% to {100 * high:.1f}% of the rows.",
    ]
    return "\n".join([*_table_lines(table), "", *_splits_lines(scores), "", *notes]) + "\n"


def _timing(reports: Path, wanted: list[tuple[Any, str, int | None]]) -> pd.DataFrame:
    rows = []
    for protocol in PROTOCOLS:
        for _, name, seed in wanted:
            key = candidate_key(name, seed)
            seconds = read_json(reports / protocol / "timing" / f"{key}.json")["seconds"]
            rows.append({"protocol": protocol, "model": key, "seconds": seconds})
    return pd.DataFrame(rows)


def _draw(folder: Path, reports: Path, table: pd.DataFrame, scores: pd.DataFrame) -> None:
    folder.mkdir()
    with style():
        for protocol in PROTOCOLS:
            files = sorted((reports / protocol / "curves").glob("*.csv"))
            curves = {file.stem: pd.read_csv(file) for file in files}
            save_figure(draw_curves(curves), folder / f"figure-3-{protocol}")
        save_figure(draw_comparison(table), folder / "figure-4")
        save_figure(draw_splits(scores), folder / "splits")


def compare(
    reports: Path,
    data: Path,
    provenance: Path,
    printed: Path,
    splits: Path,
    table: Path,
    text: Path,
    timing: Path,
    figures: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Judge both protocols' candidates and set them beside the published figures."""
    section = read_section(params, "evaluate", Evaluate)
    published = parse_section(read_yaml(printed), Published, str(printed))
    names = tuple(read_json(provenance)["labels"])
    terms = Terms(names, polarity_values(section.polarity, names), section.bootstrap)
    wanted, rows = _wanted(params), published_rows(published)
    for protocol in PROTOCOLS:
        test = read_parquet(data / protocol / "test.parquet")
        judged = _judge(reports / protocol / "predictions", test, wanted, terms)
        rows += [_row(protocol, one, test, section.bootstrap.confidence) for one in judged]
    whole = pd.DataFrame(rows).astype({"seed": "Int64", "posts": "Int64"})
    scores = pd.read_csv(splits)
    with staged(table, text, timing, figures) as parts:
        write_csv(whole, parts[0])
        parts[1].write_text(markdown(whole, scores, published), encoding="utf-8")
        write_csv(_timing(reports, wanted), parts[2])
        _draw(parts[3], reports, whole, scores)


if __name__ == "__main__":
    run_stage(compare)
