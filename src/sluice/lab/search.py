"""Searches the ranges of tuning.yaml by Optuna, on training and validation rows alone.

In: checked ranges and a function that trains as the stage does. Out: finished trials in an SQLite
file, each with the command that runs it as a DVC experiment. It never reads a test row.

A search can be killed at any moment. Values are drawn from the finished trials and the trial's
number alone, so that the same search, run again, draws the same values and ends as it would have.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from sluice.errors import ModelError, ParamsError, ResourceError
from sluice.lab.ranges import (
    Range,
    Scalar,
    Tuning,
    experiment_line,
    settings_of,
    with_values,
)
from sluice.models.callbacks import MONITOR

if TYPE_CHECKING:
    import optuna

FOLDER = Path(".sluice/tune")
Train = Callable[[Any, list[Callback]], float]
"""From a model's settings and callbacks to the best validation macro-F1."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Search:
    """What is searched, and with what."""

    tuning: Tuning
    content: Mapping[str, Any]
    """The content of params.yaml."""
    section: type[Any]
    """The class of section `train`."""
    params: Path
    where: Path
    inputs: tuple[Path, ...]
    """Files that trainings read."""
    train: Train

    @property
    def name(self) -> str:
        """A name for the search of these ranges over these parameters on these rows."""
        known = {"train": self.content["train"], "tuning": self.tuning.model_dump()}
        known["tuning"].pop("trials")
        digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
        for path in self.inputs:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return f"{self.tuning.model}-{self.tuning.seed}-{digest.hexdigest()[:12]}"


@dataclass(frozen=True)
class Found:
    """The best trial of a search; `score` is its best validation macro-F1."""

    number: int
    """From 1, trials that a kill ended not counted."""
    score: float
    values: dict[str, Scalar]
    command: str
    """What runs it as a DVC experiment."""


def import_optuna() -> Any:
    """Import Optuna, an extra.

    Raises:
        ResourceError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise ResourceError(
            "sluice tune needs Optuna, which is not installed: pip install 'sluice[tune]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class Pruning(Callback):
    """Tells a trial the score of each epoch, and stops it where the median rule says so."""

    def __init__(
        self, trial: "optuna.Trial", stop: type[Exception], known: Collection[int] = ()
    ) -> None:
        self._trial, self._stop, self._known = trial, stop, known

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch not in self._known:
            self._trial.report(float(trainer.callback_metrics[MONITOR]), trainer.current_epoch)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._trial.should_prune():
            raise self._stop


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Hold a search's lock, which the system drops with the process.

    Raises:
        ParamsError: another process searches.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ParamsError(f"the search {name} is running already: wait for its end") from error
        yield


def _distribution(optuna: Any, one: Range) -> Any:
    kinds = optuna.distributions
    if one.choice is not None:
        return kinds.CategoricalDistribution(one.choice)
    kind = kinds.IntDistribution if one.whole else kinds.FloatDistribution
    return kind(one.low, one.high, log=one.log)


def _open(optuna: Any, search: Search) -> "optuna.Study":
    path = FOLDER / "trials.db"
    try:
        return optuna.create_study(  # type: ignore[no-any-return] # imported late, so untyped
            storage=f"sqlite:///{path}",
            study_name=search.name,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=search.tuning.unpruned),
            load_if_exists=True,
        )
    except Exception as error:  # whatever a broken file makes of the driver
        reason = " ".join(str(error).split())
        raise ResourceError(
            f"{path} cannot be used ({type(error).__name__}: {reason:.120}): "
            "delete it to start anew"
        ) from error


def _finished(optuna: Any, study: "optuna.Study") -> "list[optuna.trial.FrozenTrial]":
    states = optuna.trial.TrialState
    return study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))


def _set_aside(optuna: Any, study: "optuna.Study") -> int:
    """Mark trials that a kill has left running; their values are drawn again."""
    states = optuna.trial.TrialState
    left = study.get_trials(deepcopy=False, states=(states.RUNNING,))
    for trial in left:
        study.tell(trial.number, state=states.FAIL)
    return len(left)


def _repeat_reports(optuna: Any, study: "optuna.Study", trial: "optuna.Trial") -> set[int]:
    """Give a trial the scores of its epochs before a kill; say which epochs have one."""
    states = optuna.trial.TrialState
    killed = study.get_trials(deepcopy=False, states=(states.FAIL,))
    known = {
        epoch: score
        for earlier in killed
        if earlier.params == trial.params
        for epoch, score in earlier.intermediate_values.items()
    }
    for epoch, score in known.items():
        trial.report(score, epoch)
    return set(known)


def _try(optuna: Any, search: Search, study: "optuna.Study", number: int) -> str:
    """Draw values, train, store what came of it; say it in words."""
    tuning, states = search.tuning, optuna.trial.TrialState
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=tuning.unpruned, seed=1_000_003 * tuning.seed + number
    )
    kinds = {key: _distribution(optuna, one) for key, one in tuning.ranges.items()}
    trial = study.ask(kinds)
    values = {key: one.rounded(trial.params[key]) for key, one in tuning.ranges.items()}
    trial.set_user_attr("values", values)
    trial.set_user_attr("command", experiment_line(tuning, values))
    known = _repeat_reports(optuna, study, trial)
    try:
        content = with_values(search.content, values, search.params)
        settings = settings_of(tuning.model, content, search.section, search.where)
        score = search.train(settings, [Pruning(trial, optuna.TrialPruned, known)])
    except optuna.TrialPruned:
        study.tell(trial, state=states.PRUNED)
        return "stopped early"
    except (ModelError, ParamsError) as error:  # these values together cannot be used
        study.tell(trial, state=states.PRUNED)
        return f"no score: {error}"
    study.tell(trial, score)
    return f"macro-F1 {score:.4f}"


def _best(optuna: Any, study: "optuna.Study") -> Found | None:
    complete = optuna.trial.TrialState.COMPLETE
    scores = [
        (float(one.value or 0.0), -number, one.user_attrs)
        for number, one in enumerate(_finished(optuna, study), start=1)
        if one.state == complete
    ]
    if not scores:
        return None
    score, number, facts = max(scores, key=lambda found: found[:2])
    return Found(-number, score, dict(facts["values"]), facts["command"])


def run_search(search: Search, say: Say) -> Found:
    """Try values until as many trials are finished as asked for, those of earlier runs counted.

    Values are drawn by the tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for
    Hyper-Parameter Optimization"); a trial stops where its best score so far is below the median of
    the others at that epoch (Golovin et al. 2017, "Google Vizier", section 3.2.2).

    Raises:
        ResourceError: Optuna is not installed, or its file cannot be used.
        ParamsError: the same search is running already.
        ModelError: no trial has a score.
    """
    optuna = import_optuna()
    trials = search.tuning.trials
    with _alone(FOLDER, search.name):
        study = _open(optuna, search)
        left = _set_aside(optuna, study)
        done = len(_finished(optuna, study))
        if done or left:
            say(f"going on with search {search.name}: {min(done, trials)} of {trials} trials done")
        for number in range(done, trials):
            said = _try(optuna, search, study, number)
            last = study.get_trials(deepcopy=False)[-1]
            say(f"trial {number + 1}/{trials}: {said}\n  {last.user_attrs['command']}")
        best = _best(optuna, study)
    if best is None:
        raise ModelError(f"no trial of {trials} has a score: narrow the ranges of {search.where}")
    return best
