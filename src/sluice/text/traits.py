"""What a text has in it that models stumble over: negations, emoji, hashtags, mentions, links.

In: texts as they came and as they were cleaned. Out: a table of yes and no, and of lengths. What is
made of it is `sluice.evaluation.slices`' matter.
"""

import emoji
import pandas as pd
import polars as pl

from sluice.text.protection import NEGATIONS

# A trait is there if the text shows it or the cleaned text has its placeholder: cleaning may have
# taken a word away, and may have repaired an emoji that the text shows as damage.
_PATTERNS = {
    "negation": (
        rf"(?i)\b(?:{'|'.join(sorted(NEGATIONS))})\b|n['’]t\b",
        rf"\b(?:{'|'.join(sorted(NEGATIONS))})\b|n['’]t\b",
    ),
    "emoji": (None, r"(?:^|\s):[\p{L}\p{N}_]+:(?:\s|$)"),
    "hashtag": (r"(?:^|[^\w&])#\w*\p{L}", r"(?:^|\s)</?hashtag>(?:\s|$)"),
    "mention": (r"(?:^|[^\w@])@\w+", r"(?:^|\s)<mention>(?:\s|$)"),
    "url": (r"(?i)\bhttps?:/|\bwww\.\S", r"(?:^|\s)<url>(?:\s|$)"),
}
TRAITS = tuple(_PATTERNS)


def _has_emoji(texts: pl.Series) -> pl.Series:
    found = [not text.isascii() and emoji.emoji_count(text) > 0 for text in texts.to_list()]
    return pl.Series(found, dtype=pl.Boolean)


def find_traits(texts: pd.Series, cleaned: pd.Series) -> pd.DataFrame:
    """Say of each text which traits it has, and how many tokens.

    Args:
        texts: as they came, (rows,).
        cleaned: tokens parted by spaces, (rows,).

    Returns:
        One boolean column for each of `TRAITS`, and `tokens`, the tokens of the cleaned text.
    """
    original, tokens = (pl.Series(list(column), dtype=pl.String) for column in (texts, cleaned))
    found = {}
    for name, (shown, placeholder) in _PATTERNS.items():
        seen = _has_emoji(original) if shown is None else original.str.contains(shown)
        found[name] = (seen | tokens.str.contains(placeholder)).to_numpy()
    lengths = tokens.str.split(" ").list.eval(pl.element().filter(pl.element() != "")).list.len()
    return pd.DataFrame(found | {"tokens": lengths.to_numpy().astype("int64")}, index=texts.index)
