"""A text becomes rhymes, and rhymes parts that share no line."""

from pathlib import Path

import pytest
from workspace import ROOT

from sluice.errors import DataError, SluiceError, SourceError
from sluice.rhyming.corpus import (
    line_keys,
    mark_words,
    parse_rhymes,
    part_rhymes,
    read_rhymes,
    split_lines,
)
from sluice.rhyming.settings import Corpus

GUTENBERG = ROOT / "../shared/data/real_mother_goose.txt"


def test_blank_lines_part_rhymes_and_stanzas_and_titles_fall_away() -> None:
    text = (
        "A TITLE\r\n\r\n  One,\r\ntwo.\r\n\r\nThree!\r\n\r\n\r\n* * *\n4\n\n\n"
        "ONLY CAPITALS\n\n\nOne,\ntwo.\n\nThree!"
    )
    assert parse_rhymes(text) == ["One,\ntwo.\n\nThree!", "ONLY CAPITALS"]
    assert parse_rhymes("one\ntwo\n\nthree") == ["one\ntwo", "three"]


def test_words_keep_lines_stanzas_and_marks() -> None:
    words = mark_words("“Bo-peep’s,” said I—\nyes...\n\n(no) _x_")
    assert words == ["Bo-peep's", ",", "said", "I", "--", "<line>", "yes", "...", "<stanza>",
                     "(", "no", ")", "x"]  # fmt: skip
    assert [len(stanza) for stanza in split_lines(words)] == [2, 1]


def test_rhymes_that_share_a_line_stay_on_one_side() -> None:
    rhymes = [f"line of number {place} here\nthe end is {place}" for place in range(20)]
    rhymes += [f"All of us share this line\nthe {place}" for place in range(10)]
    for seed in range(5):
        table = part_rhymes(rhymes, Corpus(seed=seed))
        assert table["part"][20:].nunique() == 1
        assert table["cluster"].nunique() == 21
        assert set(table["part"]) == {"train", "validation", "test"}
        assert table["text"].to_list() == rhymes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"only one line", r"holds 1 rhyme\(s\), and 8 are needed"),
        (b"\xff\xfe\x00", "is not UTF-8"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(SluiceError, match=words) as caught:
        read_rhymes(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(SourceError, match="not there"):
        read_rhymes(tmp_path / "absent.txt")


def test_one_group_cannot_be_parted() -> None:
    rhymes = [f"the very same line again\nand {place}" for place in range(9)]
    with pytest.raises(DataError, match="9 rhymes in 1 groups"):
        part_rhymes(rhymes, Corpus())


def test_our_rhymes_are_many_and_no_copies_of_each_other() -> None:
    rhymes = read_rhymes(ROOT / "data/rhymes/rhymes.txt")
    assert len(rhymes) >= 120
    table = part_rhymes(rhymes, Corpus())
    assert table["cluster"].nunique() == len(rhymes)
    assert all(len(rhyme.split("\n")) >= 4 for rhyme in rhymes)


@pytest.mark.skipif(not GUTENBERG.exists(), reason="the text of Project Gutenberg is not here")
def test_our_rhymes_are_not_those_of_mother_goose() -> None:
    theirs = [key for rhyme in read_rhymes(GUTENBERG) for key in line_keys(rhyme)]
    assert len(theirs) > 2000
    ours = read_rhymes(ROOT / "data/rhymes/rhymes.txt")
    own = {key for rhyme in ours for key in line_keys(rhyme)}
    assert not own & {key for key in theirs if len(key) >= 3}
    grams = {key[at : at + 6] for key in theirs for at in range(len(key) - 5)}
    shared = {key[at : at + 6] for key in own for at in range(len(key) - 5)} & grams
    assert not shared
