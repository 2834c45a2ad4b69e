"""Makes the texts of behaviour tests from their templates.

In: a test and what its slots may hold. Out: one text or one pair of texts for each case, never more
than asked for. It stops at texts: what models say to them is in `sluice.evaluation.behaviour`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple
from zlib import crc32

import numpy as np

from sluice.errors import ParamsError
from sluice.evaluation.edits import EDITS
from sluice.evaluation.suites import BehaviourTest, slots_of

MOST_COMBINATIONS = 10**9

Slots = Mapping[str, Sequence[str]]


class Case(NamedTuple):
    """The texts of a case; `after` is None where nothing is changed."""

    before: str
    after: str | None


class _Variant(NamedTuple):
    """One template with what becomes of it, and the slots of both."""

    before: str
    after: str | None
    edit: str | None
    names: list[str]
    sizes: tuple[int, ...]

    def case(self, index: int, slots: Slots) -> Case:
        places = np.unravel_index(index, self.sizes) if self.sizes else ()
        taken = {
            name: slots[name][int(place)] for name, place in zip(self.names, places, strict=True)
        }
        before = self.before.format_map(taken)
        if self.edit is not None:
            return Case(before, EDITS[self.edit](before))
        return Case(before, None if self.after is None else self.after.format_map(taken))


def _variants(test: BehaviourTest, slots: Slots) -> Iterator[_Variant]:
    for before, after in zip_longest(test.templates, test.becomes):
        names = list(dict.fromkeys([*slots_of(before), *slots_of(after or "")]))
        sizes = tuple(len(slots[name]) for name in names)
        for edit in test.edits or (None,):
            yield _Variant(before, after, edit, names, sizes)


def _pick(total: int, limit: int, name: str) -> list[int]:
    """Indices of the cases to make, ascending: all, or as many as `limit`, drawn by the name."""
    if total <= limit:
        return list(range(total))
    generator = np.random.default_rng(crc32(name.encode()))
    drawn: list[int] = generator.choice(total, limit, replace=False).tolist()
    return sorted(drawn)


def expand(test: BehaviourTest, slots: Slots, limit: int) -> list[Case]:
    """Make the cases of a test: the product of its slots, or `limit` of it without replacement.

    Which ones is drawn by the test's name, so that another test's change moves nothing here. A
    case that an edit leaves as it was is left out.

    Raises:
        ParamsError: the product is beyond all bounds.
    """
    variants = list(_variants(test, slots))
    ends = np.cumsum([math.prod(one.sizes) for one in variants], dtype=object).tolist()
    if ends[-1] > MOST_COMBINATIONS:
        raise ParamsError(
            f"test {test.name!r} has {ends[-1]:,} combinations, more than {MOST_COMBINATIONS:,}: "
            "use fewer slots in one template"
        )
    cases = []
    for index in _pick(ends[-1], limit, test.name):
        place = next(number for number, end in enumerate(ends) if index < end)
        start = ends[place - 1] if place else 0
        cases.append(variants[place].case(index - start, slots))
    return [case for case in cases if case.before != case.after]
