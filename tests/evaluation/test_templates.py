"""Templates: the product, its bound, and changes by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import ParamsError
from sluice.evaluation.edits import EDITS, double_letter, drop_letter, swap_letters
from sluice.evaluation.suites import BehaviourTest
from sluice.evaluation.templates import Case, expand

SLOTS = {"a": ["x", "y"], "b": ["1", "2", "3"], "empty": ["z"]}


def praise(*templates: str, **keys: object) -> BehaviourTest:
    given = {"name": "one", "type": "MFT", "templates": templates, "expect": ("good",), **keys}
    return BehaviourTest(**given)


def changed(*templates: str, **keys: object) -> BehaviourTest:
    return praise(*templates, type="INV", expect=(), **keys)


def test_all_combinations_are_made_in_order() -> None:
    texts = [case.before for case in expand(praise("{a}{b}", "{{{empty}}}"), SLOTS, 100)]
    assert texts == ["x1", "x2", "x3", "y1", "y2", "y3", "{z}"]


def test_more_than_the_bound_are_drawn_without_repeating() -> None:
    test = praise("{a}{b}", "{b}{a}")
    few = expand(test, SLOTS, 5)
    assert len(set(few)) == 5
    assert set(few) < set(expand(test, SLOTS, 100))
    assert expand(test, SLOTS, 5) == few
    other = test.model_copy(update={"name": "two"})
    assert any(expand(other, SLOTS, limit) != expand(test, SLOTS, limit) for limit in (3, 4, 5))


def test_both_texts_of_a_pair_have_the_same_fillers() -> None:
    test = changed("{a} is", becomes=("{a} was {b}",))
    assert expand(test, SLOTS, 100)[:2] == [Case("x is", "x was 1"), Case("x is", "x was 2")]


def test_each_edit_is_made_and_one_that_changes_nothing_is_left_out() -> None:
    test = changed("{a} Ab", "ab", edits=("upper", "lower"))
    cases = expand(test, {"a": ["x"]}, 100)
    assert cases == [Case("x Ab", "X AB"), Case("x Ab", "x ab"), Case("ab", "AB")]


def test_a_product_beyond_all_bounds_is_refused_at_once() -> None:
    slots = {name: [str(number) for number in range(1000)] for name in "abcd"}
    with pytest.raises(ParamsError, match=r"'one' has 1,000,000,000,000 combinations"):
        expand(praise("{a}{b}{c}{d}"), slots, 10)


def test_a_filler_is_no_template() -> None:
    assert expand(praise("{a}"), {"a": ["{b}"]}, 9) == [Case("{b}", None)]


def test_typos_are_inside_one_word() -> None:
    assert swap_letters("so terrible") == "so terrbile"
    assert drop_letter("so terrible") == "so terrble"
    assert double_letter("so terrible") == "so terriible"
    assert swap_letters("so bad") == "so bad"


@given(st.text(alphabet="abcde ,", max_size=40))
def test_a_typo_changes_one_word_by_one_letter(text: str) -> None:
    words = text.split(" ")
    for name, longer in (("swap_letters", 0), ("drop_letter", -1), ("double_letter", 1)):
        edited = EDITS[name](text).split(" ")
        different = [place for place, word in enumerate(edited) if word != words[place]]
        assert len(edited) == len(words)
        assert len(different) <= 1
        for place in different:
            assert len(edited[place]) == len(words[place]) + longer
            if not longer:
                assert sorted(edited[place]) == sorted(words[place])
