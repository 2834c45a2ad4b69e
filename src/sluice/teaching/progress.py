"""How far a teacher is, a line now and then.

In: how many texts more are done. Out: lines.
"""

from collections.abc import Callable

SAID = 2048
"""Texts between two lines."""
Say = Callable[[str], None]


def count_texts(say: Say, what: str, most: int) -> Callable[[int], None]:
    """Give what is to be told how many texts more are done: it says so each `SAID` and at the end.

    Args:
        say: takes a line.
        what: is done with them.
        most: texts that there are.
    """
    done = 0

    def add(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if done // SAID > before // SAID or done == most:
            say(f"{what} {done} of {most} texts")

    return add
