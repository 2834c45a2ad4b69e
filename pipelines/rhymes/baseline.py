"""Baseline: rhymes in, the scores of a Kneser-Ney model on the tokens of a level out.

Order and discount are chosen on the validation rhymes. It judges nothing: that is `evaluate`.
"""

from pathlib import Path

from sluice.command import run_stage
from sluice.files import read_parquet, staged, write_json, write_parquet
from sluice.params import read_settings
from sluice.rhyming.running import run_baseline
from sluice.rhyming.settings import Level, Ngrams, Tokens


def baseline(
    level: Level, rhymes: Path, scores: Path, found: Path, params: Path = Path("params.yaml")
) -> None:
    """Choose and fit the n-grams of LEVEL."""
    table = read_parquet(rhymes, ["rhyme", "cluster", "part", "text"])
    tokens = read_settings(params, "tokens", Tokens)
    scored, facts = run_baseline(table, level, tokens, read_settings(params, "baseline", Ngrams))
    with staged(scores, found) as parts:
        write_parquet(scored, parts[0])
        write_json(facts, parts[1])


if __name__ == "__main__":
    run_stage(baseline)
