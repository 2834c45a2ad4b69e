"""The champion on the present rows: the stored model answers anew what the challenger answered.

In: a loaded model and the run. Out: its predictions for validation and test rows, its answers to
the behaviour tests. It is always asked anew, so that whatever has changed since it was stored (rows
added, suites extended) both are judged on exactly the same questions.
"""

from collections.abc import Sequence

import pandas as pd

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.predictions import Floats, prediction_frame
from sluice.registry.run import Run
from sluice.serving.answers import answer_texts
from sluice.serving.model import Model


def _answers(model: Model, texts: Sequence[str], label_names: Sequence[str]) -> Floats:
    """Probabilities in the order of `label_names`, (texts, labels)."""
    order = [model.config.labels.index(name) for name in label_names]
    ordered: Floats = answer_texts(model, texts)[:, order]
    return ordered


def predict_rows(model: Model, run: Run) -> Candidate:
    """Predict the run's validation and test rows, from their original texts."""
    names = run.terms.label_names
    frames = [
        prediction_frame(
            rows["id"], split, rows["label"], _answers(model, rows["text"].to_list(), names), names
        )
        for split, rows in run.parts.items()
    ]
    predictions = pd.concat(frames, ignore_index=True)
    return Candidate("model", f"champion {model.config.name}", model.config.seed, predictions)


def answer_probes(model: Model, run: Run) -> Floats:
    """Answer the questions of the behaviour tests, (questions, labels)."""
    return _answers(model, run.probes["text"].to_list(), run.terms.label_names)
