"""Sums the rhymes up: perplexities beside n-grams, what was written, and the verdict.

In: tables of scores and of written rhymes. Out: plain values for JSON, table and report. The test
rhymes are scored here and nowhere else; nothing is chosen by them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sluice.rhyming.corpus import mark_words, split_lines
from sluice.rhyming.rimes import do_rhyme, load_rimes, look_up
from sluice.rhyming.scores import Rhyme, compare_perplexity, judge_rhymes, perplexity
from sluice.rhyming.settings import Evaluation

_DIGITS = 6


def round_all(value: Any) -> Any:
    """Round every float within plain values, so that files do not hang on the last bits."""
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: round_all(one) for key, one in value.items()}
    return [round_all(one) for one in value] if isinstance(value, list) else value


def _per_word(scores: pd.DataFrame) -> float:
    return float(np.exp(scores["loss"].sum() / scores["words"].sum()))


def summarise_level(
    networks: Sequence[pd.DataFrame],
    baseline: pd.DataFrame,
    chosen: Mapping[str, Any],
    params: Evaluation,
) -> dict[str, Any]:
    """Perplexities of a level: a network for each seed, and the n-grams on the same tokens.

    A table is of `sluice.rhyming.running.COLUMNS`. The ratio is of the networks' mean loss, which
    is what one network of this kind has on average.
    """
    summary: dict[str, Any] = {"kneser_ney": dict(chosen)}
    for part in ("validation", "test"):
        own = [one[one["part"] == part].reset_index(drop=True) for one in networks]
        base = baseline[baseline["part"] == part].reset_index(drop=True)
        mean = own[0].assign(loss=sum(one["loss"] for one in own) / len(own))
        by_seed = [perplexity(one) for one in own]
        summary[part] = {
            "tokens": int(base["tokens"].sum()),
            "network": perplexity(mean),
            "by_seed": by_seed,
            "spread": float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else None,
            "network_per_word": _per_word(mean),
            "kneser_ney": perplexity(base),
            "kneser_ney_per_word": _per_word(base),
            "times": compare_perplexity(mean, base, params),
        }
    return summary


def _rhyme(words: Sequence[str]) -> Rhyme:
    return split_lines(list(words))


def summarise_rhymes(
    table: pd.DataFrame, written: pd.DataFrame, params: Evaluation
) -> dict[str, Any]:
    """Scores of the corpus itself, of its test rhymes, and of what each sampler wrote.

    Args:
        table: columns part and text.
        written: columns level, sampler and words.
        params: what counts as a rhyme and as a copy.
    """
    rimes = load_rimes()

    def rhymes(one: str, other: str) -> bool:
        return do_rhyme(one, other, rimes)

    def known(word: str) -> bool:
        return bool(look_up(word, rimes))

    parts = {
        part: [_rhyme(mark_words(text)) for text in rows["text"]]
        for part, rows in table.groupby("part")
    }
    train = parts["train"]
    found = {"held-out rhymes": judge_rhymes(parts["test"], train, rhymes, known, params)}
    groups = written.groupby(["level", "sampler"], sort=False)
    for (level, sampler), rows in groups:
        own = [_rhyme(words) for words in rows["words"]]
        found[f"{level}, {sampler}"] = judge_rhymes(own, train, rhymes, known, params)
    whole = judge_rhymes(train, [], rhymes, known, params)
    return {"corpus": whole, "written": found}


def judge(summary: Mapping[str, Any], params: Evaluation) -> list[dict[str, Any]]:
    """Give the verdict: a row for each thing that was wanted, met or not.

    Args:
        summary: `levels` by name (see `summarise_level`), `written` (see `summarise_rhymes`),
            `judged`: keys of `written` that the verdict is of.
        params: the bounds.
    """
    rows = []
    for level, one in summary["levels"].items():
        value, high = one["test"]["times"]["ratio"], one["test"]["times"]["interval"][1]
        name = f"{level}: test perplexity as a multiple of Kneser-Ney's"
        rows.append({"wanted": f"{name}, below 1", "value": value, "met": value < 1})
        rows.append({"wanted": f"{name}, upper bound below 1", "value": high, "met": high < 1})
    for key in summary["judged"]:
        one = summary["written"][key]
        shares = params.max_copied_lines, params.max_copied_run
        chance = one["end_rhymes_shuffled"]
        ratio = one["end_rhymes"] / chance if chance else None
        rows += [
            {
                "wanted": f"{key}: share of lines copied, below {shares[0]:g}",
                "value": one["copied_lines"],
                "met": one["copied_lines"] < shares[0],
            },
            {
                "wanted": f"{key}: longest copied run in words, below {shares[1]}",
                "value": one["copied_run"],
                "met": one["copied_run"] < shares[1],
            },
            {
                "wanted": f"{key}: end rhymes as a multiple of shuffled ends, "
                f"at least {params.min_rhyme_ratio:g}",
                "value": ratio,
                "met": one["end_rhymes"] > 0 if ratio is None else ratio >= params.min_rhyme_ratio,
            },
        ]
    return rows


def tabulate_written(summary: Mapping[str, Any]) -> pd.DataFrame:
    """One row for each text that was judged, the corpus first."""
    rows = {"training rhymes": summary["corpus"], **summary["written"]}
    frame = pd.DataFrame([{"text": name, **one} for name, one in rows.items()])
    return frame.drop(columns="copied_words")
