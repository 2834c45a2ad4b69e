"""Lines that say how far a teacher is."""

from sluice.teaching.progress import count_texts


def test_it_says_so_now_and_then_and_at_the_end() -> None:
    lines = []
    add = count_texts(lines.append, "has read", 5_000)
    for more in [2_000, 40, 8, 1_000, 1_952]:
        add(more)
    assert lines == ["has read 2048 of 5000 texts", "has read 5000 of 5000 texts"]


def test_few_texts_are_one_line_and_none_is_none() -> None:
    lines = []
    count_texts(lines.append, "has read", 7)(7)
    count_texts(lines.append, "has read", 0)
    assert lines == ["has read 7 of 7 texts"]
