"""What models said to the probes, judged: behaviour tests, and masked test rows.

In: questions with what is expected, and each candidate's answers. Out: the content of
behaviour.json and of shortcuts.json. The judging itself is in `behaviour` and `shortcuts`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from sluice.evaluation.behaviour import behaviour_headline, judge_behaviour
from sluice.evaluation.candidates import Judged, Terms
from sluice.evaluation.predictions import Floats, Integers
from sluice.evaluation.probes import BEHAVIOUR, MASKED_ROW
from sluice.evaluation.shortcuts import judge_shortcuts


class Probes(NamedTuple):
    """What stage probe wrote, and what each candidate said to it, (questions, labels) each."""

    rows: pd.DataFrame
    facts: Mapping[str, Any]
    answers: Mapping[str, Floats]


class Audits(NamedTuple):
    """JSON-ready findings of both kinds."""

    behaviour: dict[str, Any]
    shortcuts: dict[str, Any]

    def headline(self) -> dict[str, float]:
        """Give the few numbers of the shown candidate that people compare from run to run."""
        lost = self.shortcuts["models"][self.behaviour["shown"]]["drop"]
        return behaviour_headline(self.behaviour) | {
            f"masked_drop_{name}": lost[name] for name in ("value", "low", "high")
        }


def audit(
    probes: Probes, judged: Sequence[Judged], groups: Integers, terms: Terms, shown: str
) -> Audits:
    """Judge the answers of all candidates.

    Args:
        probes: questions and answers.
        judged: candidates with their bootstrap samples.
        groups: number of each test row's group, (test rows,).
        terms: labels and how to draw.
        shown: the candidate that examples and headline are of.
    """
    of_kind = {kind: (probes.rows["kind"] == kind).to_numpy() for kind in (BEHAVIOUR, MASKED_ROW)}
    said = {
        kind: {key: answers[where] for key, answers in probes.answers.items()}
        for kind, where in of_kind.items()
    }
    tested, masked = (probes.rows[of_kind[kind]] for kind in (BEHAVIOUR, MASKED_ROW))
    confidence = terms.bootstrap.confidence
    behaviour = judge_behaviour(
        tested, probes.facts["tests"], said[BEHAVIOUR], shown, terms.label_names, confidence
    )
    shortcuts = {
        "confidence": confidence,
        "masked": probes.facts["masked"],
        "tokens": probes.facts["tokens"],
        "models": judge_shortcuts(judged, masked["row"], said[MASKED_ROW], groups, terms),
    }
    return Audits(behaviour | {"skipped": probes.facts["skipped"]}, shortcuts)
