"""How sure candidates are, put into one value: calibration and what may be left to people.

In: judged candidates. Out: what `reports/metrics/calibration.json` holds.
It stops at putting together: methods are in `sluice.evaluation.calibration` and `.abstention`.
"""

from collections.abc import Sequence
from typing import Any

from sluice.evaluation.abstention import AbstentionParams, measure_abstention
from sluice.evaluation.calibration import CalibrationParams, measure_calibration
from sluice.evaluation.candidates import Judged, Terms
from sluice.evaluation.predictions import Integers
from sluice.evaluation.scaling import scale


def summarise_sureness(
    judged: Sequence[Judged],
    groups: Integers,
    terms: Terms,
    calibration: CalibrationParams,
    abstention: AbstentionParams,
) -> dict[str, Any]:
    """Put calibration and abstention of all candidates into one JSON-ready value.

    Everything is fitted on validation rows and measured on the test rows, on the same resamples.

    Args:
        judged: candidates with the same rows in the same order.
        groups: number of each test row's group, from 0 without gaps, (test rows,).
        terms: labels and how to draw.
        calibration: how sureness is measured.
        abstention: what a model that may leave rows to people has to keep to.
    """
    names, draw = terms.label_names, terms.bootstrap
    scaled = {one.candidate.key: scale(one.candidate, names) for one in judged}
    sure = measure_calibration(scaled, groups, names, draw, calibration)
    left = measure_abstention(scaled, groups, names, draw, abstention)
    return {
        "confidence": draw.confidence,
        "error_rate": abstention.error_rate,
        "models": {key: {**sure[key], **left[key]} for key in scaled},
    }


def sureness_headline(found: dict[str, Any], shown: str) -> dict[str, float]:
    """Put the few numbers of one candidate that people compare into one flat value."""
    one = found["models"][shown]
    return {
        "ece": one["before"]["ece"]["value"],
        "ece_scaled": one["after"]["ece"]["value"],
        "coverage": one["coverage"]["value"],
    }
