"""Numbers as people read them."""

import pytest
from markupsafe import Markup

from sluice.reporting import numbers
from sluice.reporting.scores import Interval


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (numbers.points(0.74123), "74.1"),
        (numbers.signed(0.0123), "+1.2"),
        (numbers.signed(-0.0123), "−1.2"),
        (numbers.signed(-0.0001), "+0.0"),
        (numbers.signed(-0.0999), "−10.0"),
        (numbers.signed_loss(0.0172), "+0.017"),
        (numbers.signed_loss(-0.0172), "−0.017"),
        (numbers.signed_loss(-0.0004), "+0.000"),
        (numbers.score(0.5, "log_loss"), "0.500"),
        (numbers.score(0.5, "accuracy"), "50.0"),
        (numbers.interval(Interval(low=0.1, high=0.25)), "10.0 to 25.0"),
        (numbers.signed_interval(Interval(low=-0.1, high=0.25)), "−10.0 to +25.0"),
        (numbers.score_interval(Interval(low=0.1, high=0.25), "polarity_mae"), "0.100 to 0.250"),
        (numbers.count(1682947), "1,682,947"),
        (numbers.count(12.44), "12.4"),
        (numbers.share(3, 1000), "0.3%"),
        (numbers.share(4, 34697), "0.01%"),
        (numbers.share(0, 10), "0.0%"),
        (numbers.share(1, 0), "0.0%"),
    ],
)
def test_numbers(shown: Markup, expected: str) -> None:
    assert shown == expected
    assert isinstance(shown, Markup)
