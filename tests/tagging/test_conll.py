"""Columns and CoNLL-U: what is read, and the one line that says what cannot be."""

import gzip

import pytest

from sluice.errors import SluiceError
from sluice.tagging.conll import LONGEST_TOKEN, Columns, read_sentences

TABS = Columns("columns", 0, -1)
UPOS = Columns("conllu", 0, 3)
WORD = "{}\t{}\t{}\t{}\t_\t_\t0\troot\t_\t_\n"


def conllu(*words: tuple[str, str, str]) -> str:
    return "".join(WORD.format(number, form, form, tag) for number, form, tag in words)


def test_columns_by_tab_or_blanks_with_lines_between(tmp_path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("-DOCSTART- -X- O\n\n#hash NN O\nAda NNP B-person\n\t\n\n\nx y z\n")
    found = read_sentences(path, TABS)
    assert [one.tokens for one in found] == [("#hash", "Ada"), ("x",)]
    assert [one.tags for one in found] == [("O", "B-person"), ("z",)]
    assert [one.line for one in found] == [3, 8]
    assert read_sentences(path, Columns("columns", 0, 1))[0].tags == ("NN", "NNP")


def test_a_tab_leaves_blanks_in_a_token_alone(tmp_path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("New York\tB-place\r\n\ufeffx\tO\r\n")
    assert read_sentences(path, TABS)[0].tokens == ("New York", "\ufeffx")


def test_conllu_skips_contractions_and_words_that_are_not_written(tmp_path) -> None:
    text = "# text = don't\n" + conllu(
        ("1-2", "don't", "_"), ("1", "do", "AUX"), ("2", "n't", "PART"), ("2.1", "go", "VERB")
    )
    path = tmp_path / "a.conllu.gz"
    path.write_bytes(gzip.compress(text.encode()))
    (one,) = read_sentences(path, UPOS)
    assert (one.tokens, one.tags) == (("do", "n't"), ("AUX", "PART"))


@pytest.mark.parametrize(
    ("content", "columns", "words"),
    [
        (b"", TABS, "holds no sentence"),
        (b"\n \n\n", TABS, "holds no sentence"),
        (b"# only = words\n", UPOS, "holds no sentence"),
        (b"alone\n", TABS, r"line 1: 1 column\(s\), and at least 2"),
        (b"a O\nb NN O\n", TABS, r"line 2: 3 column\(s\), and the first line has 2"),
        (b"a O\n", Columns("columns", 3, -1), r"line 1: 2 column\(s\), and at least 4"),
        (b"1\ta\tb\n", UPOS, "line 1: 3 column"),
        (b"a\tO\n\tO\n", TABS, "line 2: the token is empty"),
        (b"a\tO\nb\t \n", TABS, "line 2: the tag is empty"),
        (b"\xff\xfe", TABS, "is not UTF-8"),
        (b"a" * (LONGEST_TOKEN + 1) + b" O\n", TABS, "a token of 501 characters"),
        (b"a O\n" * 2_001, TABS, "more than 2,000 tokens"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, content, columns, words) -> None:
    path = tmp_path / "bad.conll"
    path.write_bytes(content)
    with pytest.raises(SluiceError, match=words) as caught:
        read_sentences(path, columns)
    assert "bad.conll" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_half_a_gzip_are_refused(tmp_path) -> None:
    half = tmp_path / "a.gz"
    half.write_bytes(gzip.compress(b"a O\n" * 500)[:-10])
    for path, words in (
        (tmp_path / "none", "is not there"), (tmp_path, "is no file"), (half, "no whole gzip"),
    ):  # fmt: skip
        with pytest.raises(SluiceError, match=words):
            read_sentences(path, TABS)
    half.write_bytes(b"plain O\n")
    with pytest.raises(SluiceError, match="no whole gzip"):
        read_sentences(half, TABS)
