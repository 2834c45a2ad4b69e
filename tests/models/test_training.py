"""Lightning's loop: it learns, resumes to the bit, and refuses a corrupt checkpoint."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sluice.data.batches import LabelledRows
from sluice.data.module import TextDataModule
from sluice.errors import ModelError
from sluice.models.callbacks import COLUMNS
from sluice.models.classifier import Classifier, Lesson
from sluice.models.network import TextNetwork
from sluice.models.settings import Dropouts, NetworkParams, OptimisationParams
from sluice.models.training import Fitted, fit, quiet_lightning
from sluice.tokens import UNLABELLED, NgramRows, TaughtRows, token_rows

PARAMS = OptimisationParams(
    max_epochs=4, batch_size=32, learning_rate=0.01, averaging_decay=0.9, patience=None, threads=1
)


def labelled(rows: int, seed: int) -> LabelledRows:
    """Rows whose label is whether token 2 stands in them."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(2, 9, rows)
    ids = generator.integers(2, 9, lengths.sum())
    tokens = token_rows(ids, lengths, 9)
    labels = np.array(
        [int(2 in tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]) for i in range(rows)]
    )
    return LabelledRows(tokens, labels, np.ones(rows, np.float32))


class Interrupted(Classifier):
    """Breaks off in the middle of an epoch."""

    def __init__(self, network: TextNetwork, params: OptimisationParams, epoch: int) -> None:
        super().__init__(network, params, 2, seed=1)
        self.last = epoch

    def training_step(self, batch, batch_idx):
        if self.current_epoch == self.last and batch_idx == 3:
            raise KeyboardInterrupt
        return super().training_step(batch, batch_idx)


def run(
    scratch: Path, params: OptimisationParams = PARAMS, stop_after: int | None = None
) -> Fitted:
    quiet_lightning()
    torch.manual_seed(1)
    shape = NetworkParams(
        embedding_size=8, hidden_size=8, dropout=Dropouts(word=0.1, variational=0.1, output=0.2)
    )
    network = TextNetwork(shape, 9, 2)
    classifier = Interrupted(network, params, stop_after) if stop_after else None
    classifier = classifier or Classifier(network, params, 2, seed=1)
    data = TextDataModule(labelled(300, 0), labelled(80, 1), params.batch_size, seed=1)
    return fit(classifier, data, scratch)


def test_it_learns_and_reports_each_epoch(tmp_path) -> None:
    fitted = run(tmp_path)
    assert [row["epoch"] for row in fitted.curves] == [1, 2, 3, 4]
    assert tuple(fitted.curves[0]) == COLUMNS
    assert fitted.curves[-1]["train_loss"] < fitted.curves[0]["train_loss"]
    scores = [row["validation_macro_f1"] for row in fitted.curves]
    assert fitted.epoch == 1 + int(np.argmax(scores))
    assert max(scores) > 0.8
    assert fitted.steps == 4 * 10


@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupted_training_ends_with_the_same_bits(tmp_path, epoch: int) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "broken", stop_after=epoch)
    assert (tmp_path / "broken" / "last.ckpt").exists()
    resumed = run(tmp_path / "broken")
    assert resumed.curves == whole.curves
    assert resumed.epoch == whole.epoch
    assert resumed.steps == whole.steps
    for name, value in whole.weights.items():
        assert torch.equal(resumed.weights[name], value), name


def test_two_runs_are_equal(tmp_path) -> None:
    one, two = run(tmp_path / "one"), run(tmp_path / "two")
    assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)


def test_the_stored_weights_are_those_of_the_best_score(tmp_path) -> None:
    fitted = run(tmp_path)
    shape = NetworkParams(embedding_size=8, hidden_size=8)
    network = TextNetwork(shape, 9, 2)
    network.load_state_dict(fitted.weights)
    rows = labelled(80, 1)
    batch = rows.batch(np.arange(80))
    right = network.eval()(batch.tokens, batch.lengths).argmax(-1) == batch.labels
    best = fitted.curves[fitted.epoch - 1]
    assert right.float().mean().item() == pytest.approx(best["validation_accuracy"])


def test_training_stops_without_progress(tmp_path) -> None:
    params = PARAMS.model_copy(update={"learning_rate": 1e-12, "patience": 1, "max_epochs": 9})
    assert len(run(tmp_path, params).curves) == 2


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken zip"])
def test_a_corrupt_checkpoint_is_refused_with_what_to_do(tmp_path, content) -> None:
    (tmp_path / "last.ckpt").write_bytes(content)
    with pytest.raises(ModelError, match="delete the folder"):
        run(tmp_path)


def test_a_truncated_checkpoint_is_refused(tmp_path) -> None:
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path, stop_after=2)
    path = tmp_path / "last.ckpt"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match="delete the folder"):
        run(tmp_path)


def test_a_full_disk_leaves_the_last_whole_checkpoint(tmp_path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full, a disk that is always full, is Linux's")
    whole = run(tmp_path / "whole")
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "full", stop_after=2)
    checkpoint = tmp_path / "full" / "last.ckpt"
    before = checkpoint.read_bytes()
    checkpoint.with_name(".last.ckpt.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path / "full")
    assert checkpoint.read_bytes() == before
    assert run(tmp_path / "full").curves == whole.curves


def test_nothing_but_the_checkpoint_lies_in_the_scratch(tmp_path) -> None:
    run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_optimiser_runs(tmp_path, optimiser: str) -> None:
    params = PARAMS.model_copy(update={"optimiser": optimiser, "max_epochs": 1, "max_batches": 2})
    assert run(tmp_path, params).steps == 2


def test_a_lesson_adds_the_squared_error_of_rows_that_were_read() -> None:
    torch.manual_seed(0)
    network = TextNetwork(NetworkParams(embedding_size=4, hidden_size=4), 9, 2)
    rows, params = labelled(6, 0), OptimisationParams(label_smoothing=0.0)
    vectors = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    weights = np.array([1, 2, 3, 4, 5, 6], np.float32)
    places = np.array([-1, 1, -1, -1, 0, -1])
    taught = replace(rows, weights=weights, taught=TaughtRows(vectors, places))
    classifier = Classifier(network.eval(), params, 2, 1, Lesson(3, 0.5))
    plain = Classifier(network, params, 2, 1)
    order = np.array([4, 0, 1])
    batch = taught.batch(order)
    added = classifier.training_step(batch, 0) - plain.training_step(batch, 0)
    told = classifier.retelling(network.read(batch.tokens, batch.lengths).pooled).detach().numpy()
    wrong = [((told[at] - vectors[place]) ** 2).mean() for at, place in ((0, 0), (2, 1))]
    expected = 0.5 * (5 * wrong[0] + 2 * wrong[1]) / (5 + 1 + 2)
    assert added.item() == pytest.approx(expected, rel=1e-5)


def test_a_row_without_a_label_has_the_lesson_alone() -> None:
    torch.manual_seed(0)
    network = TextNetwork(NetworkParams(embedding_size=4, hidden_size=4), 9, 2).eval()
    rows, params = labelled(6, 0), OptimisationParams(label_smoothing=0.1)
    vectors = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    weights = np.array([1, 2, 3, 4, 5, 6], np.float32)
    labels = rows.labels.copy()
    labels[[1, 4]] = UNLABELLED
    taught = replace(rows, labels=labels, weights=weights, taught=TaughtRows(vectors, np.arange(6)))
    classifier, plain = (Classifier(network, params, 2, 1, one) for one in (Lesson(3, 0.5), None))
    known, every = np.array([0, 2, 3, 5]), np.arange(6)
    batch = taught.batch(every)
    loss = classifier.training_step(batch, 0)
    told = classifier.retelling(network.read(batch.tokens, batch.lengths).pooled).detach().numpy()
    wrong = (weights * ((told - vectors) ** 2).mean(axis=1)).sum() / weights.sum()
    expected = plain.training_step(replace(rows, weights=weights).batch(known), 0) + 0.5 * wrong
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert classifier.train_loss.weight.item() == weights[known].sum()
    assert taught.labelled == 4


def test_a_batch_without_any_label_or_ngram_can_be_learnt_from() -> None:
    network = TextNetwork(NetworkParams(embedding_size=4, hidden_size=4), 9, 2, 5)
    rows = labelled(4, 0)
    ngrams = NgramRows(np.zeros(0, np.int32), np.zeros(5, np.int64), np.zeros(0, np.float32))
    taught = TaughtRows(np.ones((4, 3), np.float32), np.arange(4))
    unlabelled = replace(rows, labels=np.full(4, UNLABELLED), ngrams=ngrams, taught=taught)
    classifier = Classifier(network, OptimisationParams(), 2, 1, Lesson(3, 0.5))
    loss = classifier.training_step(unlabelled.batch(np.arange(4)), 0)
    loss.backward()
    assert loss.item() > 0
    assert all(
        torch.isfinite(one.grad).all() for one in network.parameters() if one.grad is not None
    )


@pytest.mark.parametrize(
    ("rows", "changes", "wanted"),
    [
        (640, {}, (4, 2)),  # ten batches an epoch
        (64, {}, (30, 15)),
        (65, {}, (15, 8)),
        (64, {"max_batches": 1}, (4, 2)),
        (64, {"patience": None}, (30, None)),
        (1, {"min_steps": 0}, (4, 2)),
        (320, {"min_steps": 21}, (5, 3)),
    ],
)
def test_epochs_and_patience_grow_where_rows_are_few(rows, changes, wanted) -> None:
    given = {"batch_size": 64, "max_epochs": 4, "patience": 2, "min_steps": 30}
    params = OptimisationParams.model_validate(given | changes).stretched(rows)
    assert (params.max_epochs, params.patience) == wanted
