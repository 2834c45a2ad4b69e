"""Baseline: the corpus in, the tags of one baseline out, in the form that `train` writes.

It learns from the training part. It scores no test row: that is `evaluate`.
"""

from pathlib import Path

from sluice.command import run_stage
from sluice.errors import ParamsError
from sluice.files import staged, write_json, write_parquet
from sluice.params import read_settings
from sluice.tagging.baselines import BASELINES
from sluice.tagging.settings import Baselines
from sluice.tagging.tables import BASELINE_SEED, load_corpus, tabulate_given


def baseline(
    name: str,
    tokens: Path,
    facts: Path,
    given: Path,
    found: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Fit the baseline NAME, and tag the validation and test parts."""
    if name not in BASELINES:
        raise ParamsError(f"unknown baseline {name}; baselines: {', '.join(BASELINES)}")
    run = BASELINES[name](load_corpus(tokens, facts), read_settings(params, "baseline", Baselines))
    with staged(given, found) as parts:
        write_parquet(tabulate_given(run.given, BASELINE_SEED), parts[0])
        write_json(run.facts, parts[1])


if __name__ == "__main__":
    run_stage(baseline)
