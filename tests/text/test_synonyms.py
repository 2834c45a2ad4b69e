"""Synonyms: plain words of the usual sense, and none for what colours or turns a sentence."""

import subprocess
import sys

import pytest

from sluice.errors import ResourceError
from sluice.text import wordnet
from sluice.text.protection import is_negation, sentiment_words
from sluice.text.synonyms import find_synonyms
from sluice.text.wordnet import _in_nltk_data, _in_wheel

needs_wordnet = pytest.mark.skipif(
    not (_in_nltk_data() or _in_wheel()), reason="the extra 'wordnet' is not installed"
)


@needs_wordnet
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("car", ("auto", "automobile", "machine", "motorcar")),
        ("begin", ("start",)),  # the verb, which has more senses than the noun
        ("large", ("big",)),
        ("cars", ()),  # an inflected form
        ("qwertz", ()),
    ],
)
def test_synonyms_are_those_of_the_usual_sense(word: str, expected: tuple[str, ...]) -> None:
    found = find_synonyms(word)
    assert found == expected if not expected else set(expected) <= set(found)
    assert word not in found


@needs_wordnet
@pytest.mark.parametrize(
    "word", ["good", "hate", "very", "not", "never", "n't", "the", "i", "<url>"]
)
def test_words_with_a_task_of_their_own_have_none(word: str) -> None:
    assert find_synonyms(word) == ()


@needs_wordnet
def test_no_synonym_is_a_phrase_a_name_a_negation_or_carries_sentiment() -> None:
    words = sorted(wordnet.find_wordnet().all_lemma_names("n"))[::50]
    found = {name for word in words for name in find_synonyms(word)}
    assert len(found) > 200
    assert all(name.isalpha() and name.islower() for name in found)
    assert not found & sentiment_words()
    assert not any(map(is_negation, found))


def test_wordnet_is_not_looked_for_before_a_word_asks() -> None:
    code = (
        "import sys\n"
        "import sluice.stages.augment\n"
        "late = {'nltk', 'sklearn', 'imblearn', 'torch', 'transformers', 'vaderSentiment'}\n"
        "assert not late & set(sys.modules), late & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_wordnet_is_said(monkeypatch) -> None:
    def missing() -> None:
        raise ResourceError("WordNet is not installed: run `pip install 'sluice[wordnet]'`")

    find_synonyms.cache_clear()
    monkeypatch.setattr(wordnet, "find_wordnet", missing)
    with pytest.raises(ResourceError, match="WordNet is not installed"):
        find_synonyms("car")
