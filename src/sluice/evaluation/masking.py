"""Hides from a text the words that may give its label away: names of labels, and hashtags.

In: texts. Out: the same with a code word in those places. It stops at texts: what hiding costs is
in `sluice.evaluation.shortcuts`.
"""

import re
from collections.abc import Sequence

import pandas as pd

MASKED = "<masked>"
# One plain word, so that cleaning leaves it whole; afterwards it is shown as `<masked>`.
CODE = "qxmaskedqx"


def mask_words(label_names: Sequence[str], synonyms: Sequence[str]) -> list[str]:
    """Words to hide, in small letters: those of the labels' names, and the given ones."""
    named = [word for name in label_names for word in re.findall(r"\w{2,}", name)]
    return list(dict.fromkeys(word.lower() for word in [*named, *synonyms]))


def mask_texts(texts: pd.Series, words: Sequence[str]) -> pd.Series:
    """Put the code word in the place of every hashtag and of each of the words, (rows,).

    Whole words only, whatever their case. A text without any of them stays as it is.
    """
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    parts = [r"[#＃]\w+", *([rf"(?<![\w@])(?:{listed})(?!\w)"] if listed else [])]
    return texts.str.replace("|".join(parts), CODE, regex=True, flags=re.IGNORECASE)


def show_masks(texts: pd.Series) -> pd.Series:
    """Write `<masked>` for the code word, once the texts are cleaned."""
    return texts.str.replace(CODE, MASKED, regex=False, case=False)
