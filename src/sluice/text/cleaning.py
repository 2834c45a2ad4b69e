"""Cleans texts: which steps there are, and the order that keeps them from breaking each other.

In: a column of texts as they came. Out: a column of tokens, parted by one space. The steps
themselves are in `encoding`, `markup`, `signs` and `words`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import model_validator

from sluice.params import Section
from sluice.text.encoding import repair_encoding
from sluice.text.lists import Column, Texts
from sluice.text.marks import put_in_marks, take_out_marks
from sluice.text.markup import (
    drop_retweets,
    treat_hashtags,
    treat_mentions,
    treat_urls,
    unescape_html,
)
from sluice.text.signs import treat_emoji, treat_emoticons
from sluice.text.words import (
    drop_stop_words,
    expand_contractions,
    normalise_words,
    shorten_elongations,
    treat_numbers,
    treat_punctuation,
)

if TYPE_CHECKING:
    import polars as pl

Treatment = Literal["keep", "token", "drop"]


class Steps(Section):
    """One key for each step, in the order in which the steps run."""

    repair_encoding: bool = True
    """Put characters back that were read in a wrong encoding."""
    unescape_html: bool = True
    """Turn `&amp;` and the like into characters."""
    urls: Treatment = "token"
    """Links: `token` writes `<url>`."""
    retweets: Literal["keep", "drop"] = "drop"
    """`RT @user:` before a text that another wrote."""
    mentions: Treatment = "token"
    """@user: `token` writes `<mention>`."""
    hashtags: Literal["keep", "token", "split", "words", "drop"] = "words"
    """#GoodMorning: `words` writes its words, `split` also where they begin and end."""
    emoji: Treatment = "token"
    """Emoji: `token` writes the name, `:red_heart:`."""
    emoticons: Treatment = "token"
    """Emoticons: `token` writes what is shown, `<smile>`."""
    contractions: Literal["keep", "expand"] = "expand"
    """`expand` writes `can not` for `can't`."""
    lowercase: bool = True
    """Write capitals small."""
    elongations: Literal["keep", "shorten"] = "shorten"
    """`shorten` writes `soo` for `soooo`."""
    numbers: Treatment = "token"
    """Numbers by themselves: `token` writes `<number>`."""
    punctuation: Literal["keep", "split", "drop"] = "split"
    """`split` makes each sign a token of its own."""
    stop_words: Literal["keep", "drop"] = "keep"
    """Frequent words that carry little sense."""
    keep_negations: bool = True
    """Whether negations stay where stop words are dropped."""
    normalise_words: Literal["none", "stem", "lemmatise"] = "none"
    """Porter's stems, or WordNet's lemmas."""

    @model_validator(mode="after")
    def _forms_need_parted_words(self) -> "Steps":
        if self.normalise_words != "none" and self.punctuation == "keep":
            raise ValueError("normalise_words needs punctuation: split or drop")
        if self.normalise_words == "lemmatise" and not self.lowercase:
            raise ValueError("normalise_words: lemmatise needs lowercase: true")
        return self


class Step(NamedTuple):
    """A step's key in the section, and what it does to a column under that section."""

    key: str
    apply: Callable[[Any, Steps], Any]


# What follows repair_encoding. A step may rely on those above it: entities hide URLs, URLs hold
# emoticons (://), mentions would eat a retweet's user, case tells a hashtag's words apart,
# punctuation would break everything.
ORDER: tuple[Step, ...] = (
    Step("unescape_html", lambda texts, _: unescape_html(texts)),
    Step("urls", lambda texts, steps: treat_urls(texts, steps.urls)),
    Step("retweets", lambda texts, _: drop_retweets(texts)),
    Step("mentions", lambda texts, steps: treat_mentions(texts, steps.mentions)),
    Step("hashtags", lambda texts, steps: treat_hashtags(texts, steps.hashtags)),
    Step("emoji", lambda texts, steps: treat_emoji(texts, steps.emoji)),
    Step("emoticons", lambda texts, steps: treat_emoticons(texts, steps.emoticons)),
    Step("contractions", lambda texts, _: expand_contractions(texts)),
    Step("lowercase", lambda texts, _: texts.str.to_lowercase()),
    Step("elongations", lambda texts, _: shorten_elongations(texts)),
    Step("numbers", lambda texts, steps: treat_numbers(texts, steps.numbers)),
    Step("punctuation", lambda texts, steps: treat_punctuation(texts, steps.punctuation)),
    Step("stop_words", lambda texts, steps: drop_stop_words(texts, steps.keep_negations)),
    Step("normalise_words", lambda texts, steps: normalise_words(texts, steps.normalise_words)),
)
_CHUNK = 10_000
FEW = 128
"""Texts up to which a list is sooner cleaned than a column of Polars."""
_OFF = (False, "keep", "none")


def _clean_chunk(texts: Column, steps: Steps) -> Column:
    # Damaged encodings hold control characters: they are repaired before those are taken out.
    current = take_out_marks(repair_encoding(texts) if steps.repair_encoding else texts)
    for step in ORDER:
        if getattr(steps, step.key) not in _OFF:
            current = step.apply(current, steps)
    return put_in_marks(current)


def check_steps(steps: Steps) -> None:
    """See that what the steps need is installed: a few need a package that others do without.

    Raises:
        ResourceError: something is not; it says what.
    """
    _clean_chunk(Texts(["a word"]), steps)


def clean_list(texts: list[str], steps: Steps) -> list[str]:
    """Clean a list of texts; see `clean_texts`. Without Polars all are cleaned as a list."""
    if len(texts) <= FEW or find_spec("polars") is None:
        return _clean_chunk(Texts(list(texts)), steps).to_list()
    import polars as pl

    return clean_texts(pl.Series(texts, dtype=pl.String), steps).to_list()


def clean_texts(texts: "pl.Series", steps: Steps) -> "pl.Series":
    """Run every step that is switched on, in order, (rows,) to (rows,).

    Chunks of rows run side by side: the kernels let go of the interpreter's lock. No step looks
    from one text to another, so the chunks' size changes nothing.

    Args:
        texts: strings without nulls.
        steps: which steps, and how.

    Returns:
        Tokens of each text parted by one space; `<empty>` where nothing is left.

    Raises:
        ResourceError: a step needs a resource that is not on this machine.
    """
    import polars as pl

    if len(texts) <= _CHUNK:
        return _clean_chunk(texts, steps)
    chunks = [texts.slice(start, _CHUNK) for start in range(0, len(texts), _CHUNK)]
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        joined: pl.Series = pl.concat(pool.map(lambda chunk: _clean_chunk(chunk, steps), chunks))
        return joined
