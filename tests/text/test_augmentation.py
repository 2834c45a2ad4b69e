"""Operations: what they change, what they must leave, and that the seed alone decides."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.errors import ParamsError
from sluice.text import augmentation
from sluice.text.augmentation import EDITS, edit_rows
from sluice.text.protection import is_negation, protected_tokens, sentiment_words

SYNONYMS = {"car": ("auto", "machine"), "road": ("route",), "buy": ("purchase",), "day": ("date",)}


@pytest.fixture(autouse=True)
def _few_synonyms(monkeypatch):
    """Synonyms of a few words, so that these tests need no WordNet."""
    monkeypatch.setattr(augmentation, "find_synonyms", lambda word: SYNONYMS.get(word, ()))


def edit(name: str, text: str, count: int = 1, seed: int = 0) -> str | None:
    edited = EDITS[name](text.split(), count, np.random.default_rng(seed))
    return None if edited is None else " ".join(edited)


def outcomes(name: str, text: str, count: int = 1) -> set[str | None]:
    return {edit(name, text, count, seed) for seed in range(60)}


def test_synonyms_are_exchanged_in_place() -> None:
    assert outcomes("synonyms", "a car here") == {"a auto here", "a machine here"}
    assert outcomes("synonyms", "buy road", count=5) == {"purchase route"}


def test_swaps_stay_on_their_side_of_a_negation() -> None:
    assert outcomes("swap", "a b not c d") == {"b a not c d", "a b not d c"}
    assert outcomes("swap", "a , <url> b") == {"b , <url> a"}
    assert outcomes("swap", "a b", count=2) == {"b a"}  # and not back again


def test_deletion_spares_sentiment_and_the_last_word() -> None:
    assert outcomes("delete", "a good car") == {"good car", "a good"}
    assert outcomes("delete", "one two", count=9) == {"one", "two"}
    assert outcomes("delete", "good car", count=9) == {"good"}


def test_insertion_stays_on_its_side_and_out_of_hashtags() -> None:
    assert outcomes("insert", "a not buy <hashtag> c </hashtag>") == {
        "a not buy purchase <hashtag> c </hashtag>",
        "a not buy <hashtag> c </hashtag> purchase",
    }


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("synonyms", "nothing known here"),
        ("synonyms", "<hashtag> car </hashtag>"),
        ("insert", "nothing known here"),
        ("swap", "one"),
        ("swap", "same same"),
        ("swap", "one not two"),
        ("delete", "one"),
        ("delete", "good bad"),
        ("delete", "<url> <mention> not"),
        *((name, "") for name in EDITS),
        *((name, "<empty>") for name in EDITS),
    ],
)
def test_a_row_that_cannot_be_changed_has_no_child(name: str, row: str) -> None:
    assert outcomes(name, row, count=2) == {None}


_TOKENS = (
    "car road buy day one two good awful the , ! 4 not no never n't cannot without <url> <mention> "
    "<number> :red_heart: #topic @name <hashtag> </hashtag> can't"
)
rows = st.lists(st.sampled_from(_TOKENS.split()), max_size=16)


@settings(deadline=None)  # the first example loads libraries
@given(rows, st.sampled_from(sorted(EDITS)), st.integers(1, 6), st.integers(0, 50))
def test_protected_tokens_keep_order_and_count(
    row: list[str], name: str, count: int, seed: int
) -> None:
    given_row = list(row)
    edited = EDITS[name](row, count, np.random.default_rng(seed))
    assert row == given_row
    if edited is None:
        return
    assert edited
    assert protected_tokens(edited) == protected_tokens(row)


def stretches(row: list[str]) -> list[Counter]:
    """Words of each stretch between negations."""
    parts = [Counter()]
    for token in row:
        if is_negation(token):
            parts.append(Counter())
        else:
            parts[-1][token] += 1
    return parts


@settings(deadline=None)  # the first example loads libraries
@given(rows, st.integers(1, 6), st.integers(0, 50))
def test_no_word_crosses_a_negation(row: list[str], count: int, seed: int) -> None:
    source = {name: word for word, names in SYNONYMS.items() for name in names}
    for name in EDITS:
        edited = EDITS[name](row, count, np.random.default_rng(seed))
        for before, after in zip(stretches(row), stretches(edited or row), strict=True):
            new = after - before
            if name == "swap":
                assert before == after
            elif name == "delete":
                assert not new
                assert not any(word in sentiment_words() for word in before - after)
            else:  # what is new is a synonym of a word on the same side
                assert all(source[word] in before for word in new)
            if name == "insert":
                assert not before - after


def test_the_share_of_tokens_says_how_many_words_change() -> None:
    rows = [[f"w{'x' * number}" for number in range(length)] for length in (2, 10, 40)]
    shorter = edit_rows("delete", 0.2)(rows, np.random.default_rng(0))
    assert [len(row) - len(new or []) for row, new in zip(rows, shorter, strict=True)] == [1, 2, 8]


def test_an_unknown_operation_names_the_valid_ones() -> None:
    with pytest.raises(ParamsError, match="unknown 'shuffle'; valid: synonyms, swap, delete"):
        edit_rows("shuffle", 0.1)


def test_hash_seeds_change_nothing() -> None:
    code = (
        "import numpy as np\n"
        "from sluice.text.augmentation import edit_rows\n"
        "rows = [f'the {word} car drove to a town in one day'.split() for word in 'abcdefgh']\n"
        "for name in ('swap', 'delete'):\n"
        "    print(edit_rows(name, 0.3)(rows, np.random.default_rng(1)))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert printed != {b""}
