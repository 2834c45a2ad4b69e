"""`sluice tag`: a text in, the text with its entities or tags in colour out.

Text is cut into tokens as the training files were by people: words, punctuation, and the clitics
of English apart; mentions, hashtags and links stay whole.
"""

import html
import re
from pathlib import Path

from nltk.tokenize import NLTKWordTokenizer, TweetTokenizer
from rich.style import Style
from rich.text import Text

from sluice.errors import DataError
from sluice.tagging.conll import LONGEST_SENTENCE, LONGEST_TOKEN
from sluice.tagging.schemes import read_spans
from sluice.tagging.storage import load_tagger
from sluice.terminal import escape_controls

LONGEST_TEXT = 20_000
_COLOURS = ("green", "yellow", "blue", "magenta", "cyan", "red")
_CLITIC = re.compile(r"\w['’]\w")


def split_text(text: str) -> list[str]:
    """Cut a text into tokens.

    Raises:
        DataError: there is nothing in it, or too much.
    """
    if len(text) > LONGEST_TEXT:
        raise DataError(f"the text has {len(text):,} characters; {LONGEST_TEXT:,} at most")
    tokens: list[str] = []
    clitics = NLTKWordTokenizer()
    for token in TweetTokenizer().tokenize(html.unescape(text)):
        tokens += clitics.tokenize(token) if _CLITIC.search(token) else [token]
    if not tokens:
        raise DataError("the text is empty: give some words to tag")
    if len(tokens) > LONGEST_SENTENCE or max(map(len, tokens)) > LONGEST_TOKEN:
        raise DataError(
            f"the text has {len(tokens):,} tokens, the longest of {max(map(len, tokens)):,} "
            f"characters; {LONGEST_SENTENCE:,} of {LONGEST_TOKEN} at most"
        )
    return tokens


def find_gaps(text: str, tokens: list[str]) -> list[str]:
    """Give what stands before each token in the text; a blank where that cannot be told."""
    gaps, at = [], 0
    for number, token in enumerate(tokens):
        place = text.find(token, at)
        lost = place < 0 or text[at:place].strip()
        gaps.append(" " * bool(number) if lost else text[at:place])
        at = at if place < 0 else place + len(token)
    return gaps


def _colour(kind: str, kinds: list[str]) -> Style:
    return Style(color=_COLOURS[kinds.index(kind) % len(_COLOURS)], bold=True)


def paint(text: str, tokens: list[str], tags: list[str], entities: bool) -> Text:
    """Give the text with each entity, or each token, in the colour of its type, its type behind it.

    Rich's markup in the text means nothing, and what steers a terminal is shown as escapes.
    """
    whole = html.unescape(text)
    words, gaps = [escape_controls(one) for one in tokens], find_gaps(whole, tokens)
    gaps = [escape_controls(one, kept="\n\t") for one in gaps]
    shown = Text()
    spans = {one.start: one for one in read_spans(tags)} if entities else {}
    kinds = sorted({one.kind for one in spans.values()} or set(tags))
    end, style = 0, Style()
    for at, (gap, word) in enumerate(zip(gaps, words, strict=True)):
        if at in spans:
            end, style = spans[at].end, _colour(spans[at].kind, kinds)
            shown.append(gap).append(word, style)
        elif at < end:
            shown.append(gap + word, style)
        else:
            shown.append(gap).append(word, Style() if entities else _colour(tags[at], kinds))
        if entities and at + 1 == end:
            kind = next(one.kind for one in spans.values() if one.end == end)
            shown.append(f" [{escape_controls(kind)}]", Style(dim=True))
        if not entities:
            shown.append(f"/{escape_controls(tags[at])}", Style(dim=True))
    return shown


def tag_text(folder: Path, text: str) -> Text:
    """Tag a text by the model of a folder.

    Raises:
        SluiceError: the model or the text is not usable.
    """
    tokens = split_text(text)
    model = load_tagger(folder)
    return paint(text, tokens, model.tag([tokens])[0], model.kind == "entities")
