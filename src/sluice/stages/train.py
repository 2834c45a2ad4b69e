"""Train: augmented training rows and a split in, one trained variant with its predictions out.

Weights, config and vocabulary go to `models/`, beside them curves, predictions for validation and
test rows, and (in a file of its own) the seconds. It judges nothing: that is `evaluate`.
"""

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from pytorch_lightning.callbacks import Callback

from sluice.command import run_stage
from sluice.data.batches import LabelledRows, predicted_batches
from sluice.data.module import TextDataModule
from sluice.evaluation.answers import answer_frame
from sluice.evaluation.predictions import prediction_frame, temperature_of
from sluice.files import read_json, read_parquet, staged, write_csv, write_json, write_parquet
from sluice.models import callbacks
from sluice.models.classifier import Classifier, Lesson
from sluice.models.config import FORMAT, NetworkConfig
from sluice.models.inference import predict_probabilities
from sluice.models.network import TextNetwork
from sluice.models.storage import count_parameters, round_weights, save_weights
from sluice.models.training import Fitted, fit, quiet_lightning
from sluice.params import read_part, read_section
from sluice.teaching.lessons import Lessons
from sluice.teaching.starting import start_vectors
from sluice.text.cleaning import Steps
from sluice.text.reader import Reader
from sluice.text.vocabulary import Vocabulary
from sluice.variant_rows import Part, fit_rows, read_rows
from sluice.variants import Settings, Train

__all__ = ["Train", "rehearse", "train"]

SCRATCH = Path(".sluice/train")
REHEARSALS = Path(".sluice/tune")
TEACHERS = Path(".sluice/teachers")


def _scratch_key(name: str, seed: int, settings: Settings, inputs: list[Path]) -> str:
    """A name for what is trained from exactly these inputs by exactly this code."""
    made = f"{name} {seed} {torch.__version__} {version('pytorch-lightning')}"
    digest = hashlib.sha256(made.encode())
    digest.update(settings.model_dump_json().encode())
    for path in [*inputs, *sorted(Path(callbacks.__file__).parent.glob("*.py"))]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{name}-{seed}-{digest.hexdigest()[:16]}"


def _network(
    settings: Settings, vocabulary: Vocabulary, classes: int, seed: int, lessons: Lessons | None
) -> TextNetwork:
    torch.manual_seed(seed)
    network = TextNetwork(settings.model, len(vocabulary), classes, settings.ngram_features)
    if settings.pretrained is not None:
        vectors = start_vectors(settings.pretrained, vocabulary.tokens, lessons)
        network.load_vectors(torch.from_numpy(vectors))
    return network


def _metrics(fitted: Fitted, network: TextNetwork, rows: LabelledRows) -> dict[str, float | int]:
    best = fitted.curves[fitted.epoch - 1]
    return {
        "best_epoch": fitted.epoch,
        "epochs": len(fitted.curves),
        "parameters": count_parameters(network),
        "steps": fitted.steps,
        "train_rows": rows.labelled,
        "validation_accuracy": best["validation_accuracy"],
        "validation_loss": best["validation_loss"],
        "validation_macro_f1": best["validation_macro_f1"],
    }


def _timing(fitted: Fitted, teacher: float) -> dict[str, float]:
    return {"seconds": round(fitted.seconds + teacher, 3), "teacher_seconds": round(teacher, 3)}


def _answers(network: TextNetwork, reader: Reader, probes: Path, names: list[str]) -> pd.DataFrame:
    """What the network says to texts that have no label."""
    questions = read_parquet(probes, ["id", "cleaned"])
    if questions.empty:
        return answer_frame(questions["id"], [], names)
    tokens, ngrams = reader.read(questions["cleaned"].to_list())
    rows = LabelledRows.unlabelled(tokens, ngrams)
    probabilities = predict_probabilities(network, predicted_batches(rows))
    return answer_frame(questions["id"], probabilities, names)


def _predictions(network: TextNetwork, parts: dict[str, Part], names: list[str]) -> pd.DataFrame:
    frames = []
    for split, part in parts.items():
        probabilities = predict_probabilities(network, predicted_batches(part.rows))
        ids, labels = part.table["id"], part.table["label"]
        frames.append(prediction_frame(ids, split, labels, probabilities, names))
    return pd.concat(frames, ignore_index=True)


class Prepared(NamedTuple):
    """What a training needs beside its settings."""

    reader: Reader
    validation: Part
    classifier: Classifier
    data: TextDataModule
    teacher_seconds: float
    """Which its teacher took, now or for an earlier training on the same texts."""


def _prepare(
    seed: int, settings: Settings, augmented: Path, validation: Path, names: list[str]
) -> Prepared:
    """Read both parts by a vocabulary of the training rows; set up a network with fresh weights."""
    quiet_lightning()
    torch.set_num_threads(settings.optimisation.threads)
    reader, rows, lessons = fit_rows(augmented, settings, names, SCRATCH, TEACHERS)
    judged = read_rows(validation, reader, names, SCRATCH)
    data = TextDataModule(rows, judged.rows, settings.optimisation.batch_size, seed)
    network = _network(settings, reader.vocabulary, len(names), seed, lessons)
    lesson = None
    if settings.distillation is not None and rows.taught is not None:
        lesson = Lesson(rows.taught.vectors.shape[1], settings.distillation.weight)
    optimisation = settings.optimisation.stretched(rows.labelled)
    classifier = Classifier(network, optimisation, len(names), seed, lesson)
    seconds = 0.0 if lessons is None else lessons.seconds
    return Prepared(reader, judged, classifier, data, seconds)


def rehearse(
    name: str,
    seed: int,
    settings: Settings,
    parts: tuple[Path, Path, Path],
    watchers: list[Callback],
) -> float:
    """Train as the stage does; give the best validation macro-F1. No test row, no output.

    Args:
        name: of the variant.
        seed: of the training.
        settings: what is tried.
        parts: augmented training rows, validation rows, provenance.
        watchers: callbacks that see each epoch and may stop the training by an exception.
    """
    augmented, validation, provenance = parts
    names = list(read_json(provenance)["labels"])
    prepared = _prepare(seed, settings, augmented, validation, names)
    scratch = REHEARSALS / _scratch_key(name, seed, settings, [augmented, validation])
    try:
        fitted = fit(prepared.classifier, prepared.data, scratch, watchers)
    except Exception:  # stopped for good; after a kill or Ctrl-C it goes on another time
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    shutil.rmtree(scratch, ignore_errors=True)
    return fitted.curves[fitted.epoch - 1][callbacks.MONITOR]


def train(
    name: str,
    seed: int,
    augmented: Path,
    validation: Path,
    test: Path,
    provenance: Path,
    probes: Path,
    weights: Path,
    config: Path,
    vocabulary_file: Path,
    curves: Path,
    predictions: Path,
    metrics: Path,
    timing: Path,
    answers: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Train the variant NAME with SEED; predict validation rows, test rows and probes with it."""
    section = read_section(params, "train", Train)
    settings = section.settings(name)
    names = list(read_json(provenance)["labels"])
    prepared = _prepare(seed, settings, augmented, validation, names)
    reader, network = prepared.reader, prepared.classifier.network
    key = _scratch_key(name, seed, settings, [augmented, validation])
    scratch = SCRATCH / (key if section.processes == 1 else f"{key}-{section.processes}")
    fitted = fit(prepared.classifier, prepared.data, scratch, processes=section)
    if fitted.rank:
        return  # the first of several processes goes on alone
    stored = round_weights(fitted.weights)
    network.load_state_dict(stored)  # what is judged is what is stored
    asked = {"validation": prepared.validation, "test": read_rows(test, reader, names, SCRATCH)}
    predicted = _predictions(network, asked, names)
    description = NetworkConfig(
        format=FORMAT,
        name=name,
        seed=seed,
        labels=tuple(names),
        vocabulary_size=len(reader.vocabulary),
        ngram_features=settings.ngram_features,
        network=settings.model,
        temperature=temperature_of(predicted, names),
        # Defaults written out: the model must clean like this for ever.
        cleaning=read_part(params, "clean.steps", Steps).model_dump(mode="json"),
    )
    outputs = (weights, config, vocabulary_file, curves, predictions, metrics, timing, answers)
    with staged(*outputs) as parts:
        save_weights(stored, parts[0])
        write_json(json.loads(description.model_dump_json()), parts[1])
        write_json(reader.describe(), parts[2])
        write_csv(pd.DataFrame(fitted.curves, columns=list(callbacks.COLUMNS)), parts[3])
        write_parquet(predicted, parts[4])
        write_json(_metrics(fitted, network, prepared.data.train), parts[5])
        write_json(_timing(fitted, prepared.teacher_seconds), parts[6])
        write_parquet(_answers(network, reader, probes, names), parts[7])
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    run_stage(train)
