"""Steps for words: contractions, case, elongations, numbers, punctuation, stop words, word forms.

In: a column of texts and how to treat the words. Out: a column of the same length. NLTK and
scikit-learn take seconds to import: the steps that need them load them, not this module.
"""

import re
import string
from collections.abc import Callable
from functools import cache, lru_cache, partial
from importlib import import_module
from threading import Lock
from typing import Any

from sluice.errors import ResourceError
from sluice.text.lists import Column, Texts
from sluice.text.marks import CLOSE, COLON, MARKS, OPEN, mark, on_matching
from sluice.text.protection import NEGATIONS

_APOSTROPHES = r"[’‘ʼ´`′]"
# What a text must hold in small letters, a pattern, and what it becomes: ${1} is what stands
# before. In this order: the irregular ones first.
_CONTRACTIONS = (
    ("can't", r"(?i)\b(ca)n't\b", "${1}n not"),
    ("won't", r"(?i)\b(w)on't\b", "${1}ill not"),
    ("shan't", r"(?i)\b(sha)n't\b", "${1}ll not"),
    ("ain't", r"(?i)\bain't\b", "is not"),
    ("cannot", r"(?i)\bcannot\b", "can not"),
    ("n't", r"(?i)n't\b", " not"),
    ("let's", r"(?i)\b(let)'s\b", "${1} us"),
    ("i'm", r"(?i)\b(i)'m\b", "${1} am"),
    ("'s", r"(?i)\b(it|that|there|here|what|where|who|how|when|he|she)'s\b", "${1} is"),
    ("'re", r"(?i)\b(\w+)'re\b", "${1} are"),
    ("'ve", r"(?i)\b(\w+)'ve\b", "${1} have"),
    ("'ll", r"(?i)\b(\w+)'ll\b", "${1} will"),
    ("'d", r"(?i)\b(\w+)'d\b", "${1} would"),
    ("'s", r"(?i)\b(\w+)'s\b", "${1} 's"),
)
_ONE_READER = Lock()
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_QUOTES = "[“”„‟«»″]"
_ASCII_SIGNS = sorted(set(string.punctuation) - {"'"})
_MAYBE_SIGN_RUN = "[!?.,_*-]{3}"
_SIGN = rf"[^\p{{L}}\p{{N}}\p{{M}}\s'{MARKS}]"
_SIGN_RUN = re.compile(r"([!?.,_*-])\1{2,}")
_NUMBER = r"(?-u:\b)[0-9]+(?:[.,:/][0-9]+)*(?:st|nd|rd|th)?(?-u:\b)"


def _replace(texts: Column, pattern: str, replacement: str) -> Column:
    return texts.str.replace_all(pattern, replacement)


def expand_contractions(texts: Column) -> Column:
    """`can't` to `can not`, `we're` to `we are`; a possessive is parted, `Tom's` to `Tom 's`."""
    plain = on_matching(
        texts,
        texts.str.contains(_APOSTROPHES),
        lambda found: found.str.replace_all(_APOSTROPHES, "'"),
    )

    def expand(found: Column) -> Column:
        for part, pattern, replacement in _CONTRACTIONS:
            found = on_matching(
                found,
                found.str.contains_any([part], ascii_case_insensitive=True),
                partial(_replace, pattern=pattern, replacement=replacement),
            )
        return found

    return on_matching(plain, plain.str.contains_any(["'", "annot", "ANNOT"]), expand)


def shorten_elongations(texts: Column) -> Column:
    """Write a letter twice that stands three times or more in a row: `soooo` to `soo`."""
    return on_matching(
        texts,
        texts.str.contains_any([letter * 3 for letter in _LETTERS]),
        lambda found: [_RUN.sub(r"\1\1", text) for text in found.to_list()],
    )


def treat_numbers(texts: Column, how: str) -> Column:
    """`token`: `<number>` for what is a number by itself (2015, 7:30, 3rd); `drop`: nothing."""
    sign = mark("number") if how == "token" else " "
    return on_matching(
        texts,
        texts.str.contains("[0-9]"),
        lambda found: found.str.replace_all(_NUMBER, sign),
    )


def _part_apostrophes(texts: Column) -> Column:
    """Make a token of an apostrophe at a word's edge, but not of the one in a parted 's."""
    before = texts.str.replace_all(r"(^|\s)'+(\S)", "${1}' ${2}")
    whole = before.str.replace_all(r"(^|\s)' (s\b)", "${1}'${2}")
    return whole.str.replace_all(r"'+(\s|$)", " '${1}")


def treat_punctuation(texts: Column, how: str) -> Column:
    """`split`: each sign a token of its own, at most two alike in a row; `drop`: nothing.

    An apostrophe inside a word stays, and so does one before a parted `'s`.
    """
    straight = on_matching(
        texts, texts.str.contains(_QUOTES), lambda found: found.str.replace_all(_QUOTES, '"')
    )
    loose = on_matching(straight, straight.str.contains("'", literal=True), _part_apostrophes)
    if how == "drop":
        return loose.str.replace_all(rf"{_SIGN}+|(?:^|\s)'(?:\s|$)", " ")
    short = on_matching(
        loose,
        loose.str.contains(_MAYBE_SIGN_RUN),
        lambda found: [_SIGN_RUN.sub(r"\1\1", text) for text in found.to_list()],
    )
    apart = short.str.replace_many(_ASCII_SIGNS, [f" {sign} " for sign in _ASCII_SIGNS])
    return on_matching(
        apart,
        apart.str.contains(rf"[^\x00-\x7f{MARKS}]"),
        lambda found: found.str.replace_all(f"({_SIGN})", " ${1} "),
    )


def _load(module: str, name: str, package: str) -> Any:
    """Take from a package that few models need.

    Raises:
        ResourceError: it is not installed.
    """
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise ResourceError(
            f"this model's cleaning needs {package}: pip install {package}"
        ) from error


def drop_stop_words(texts: Column, keep_negations: bool) -> Column:
    """Remove scikit-learn's English stop words; negations only where `keep_negations` is off."""
    known = _load("sklearn.feature_extraction.text", "ENGLISH_STOP_WORDS", "scikit-learn")
    dropped = known - NEGATIONS if keep_negations else known | NEGATIONS
    if isinstance(texts, Texts):
        rows = (text.split(" ") for text in texts.to_list())
        return Texts([" ".join(one for one in row if one.lower() not in dropped) for row in rows])
    import polars as pl

    kept = pl.element().filter(~pl.element().str.to_lowercase().is_in(sorted(dropped)))
    return texts.str.split(" ").list.eval(kept).list.join(" ")


@cache
def _stemmer() -> Callable[[str], str]:
    stem_word: Callable[[str], str] = _load("nltk.stem", "PorterStemmer", "nltk")().stem
    return stem_word


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Porter's stem of a word (Porter 1980, "An algorithm for suffix stripping")."""
    return _stemmer()(word)


@lru_cache(maxsize=200_000)
def lemmatise(word: str) -> str:
    """The word's entry in WordNet, tried as a noun, a verb, an adjective; else the word itself."""
    find_wordnet = _load("sluice.text.wordnet", "find_wordnet", "nltk")
    with _ONE_READER:  # NLTK's readers are for one thread at a time
        wordnet = find_wordnet()
        lemmas = (wordnet.morphy(word, kind) for kind in "nva")
        return str(next(filter(None, lemmas), word))


_FORMS: dict[str, Callable[[str], str]] = {"stem": stem, "lemmatise": lemmatise}


def _is_plain(word: str) -> bool:
    return word.isalpha() and word[0] not in (OPEN, CLOSE, COLON) and word not in NEGATIONS


def normalise_words(texts: Column, how: str) -> Column:
    """Replace each word by its stem or lemma; each different word is looked up once.

    Raises:
        ResourceError: lemmas need WordNet, and it is not on this machine.
    """

    def form_of(word: str) -> str:
        return _FORMS[how](word) if word and _is_plain(word) else word

    if isinstance(texts, Texts):
        return Texts([" ".join(map(form_of, text.split(" "))) for text in texts.to_list()])
    import polars as pl
    import pyarrow as pa

    lists = texts.str.split(" ").to_arrow()
    encoded = lists.flatten().dictionary_encode()
    forms = [form_of(word) for word in encoded.dictionary.to_pylist()]
    written = pa.array(forms, pa.large_string()).take(encoded.indices)
    joined = pa.LargeListArray.from_arrays(lists.offsets, written)
    return pl.Series(texts.name, joined).list.join(" ")
