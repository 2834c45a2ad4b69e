"""Runs a leak lab from a request to its files, and says how far it is.

In: a request. Out: `leak-lab.json`, `leak-lab.md` and a figure in a folder, and a table on the
terminal. The work itself is in the modules beside it.
"""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from sluice.errors import ParamsError
from sluice.files import staged, write_json
from sluice.lab.arms import make_items
from sluice.lab.experiment import LEARNERS, MISTAKES, Trial, run_trials
from sluice.lab.pages import describe, draw, make_table, write_page
from sluice.lab.rows import Request, read_rows
from sluice.lab.summary import weigh_all
from sluice.reporting.canvas import save_figure, style

FEW_ROWS = 5000
"""Up to here ten seeds are cheap; above, three."""
_FIGURE = "leak-lab-plots/leak_lab.png"


def _line(trial: Trial) -> str:
    honest, leaky = (100 * arm.right.mean() for arm in (trial.honest, trial.leaky))
    what = MISTAKES[trial.mistake]
    return f"seed {trial.seed}: {what}: honest {honest:.1f}, with the mistake {leaky:.1f}"


def _with_progress(
    console: Console, steps: int, work: Callable[[Callable[[Trial], None]], list[Trial]]
) -> list[Trial]:
    """A bar on a terminal, a line for each trial in a log."""
    if not console.is_terminal:
        return work(
            lambda trial: console.print(_line(trial), markup=False, highlight=False, soft_wrap=True)
        )
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("trials", total=steps)
        return work(lambda trial: progress.update(task, advance=1, description=_line(trial)))


def run_lab(
    request: Request, model: str, seeds: int | None, test_share: float, out: Path, console: Console
) -> None:
    """Try every mistake on the rows and write what it is worth.

    Raises:
        SluiceError: rows that cannot be read or are too few, an unknown model, a bad option.
    """
    if model not in LEARNERS:
        raise ParamsError(f"--model: unknown model {model}; valid: {', '.join(LEARNERS)}")
    rows = read_rows(request)
    for note in rows.notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    items = make_items(rows)
    learner = LEARNERS[model](items)
    runs = seeds if seeds is not None else (10 if items.rows <= FEW_ROWS else 3)
    steps = runs * len(MISTAKES)
    trials = _with_progress(
        console, steps, lambda tell: run_trials(items, learner, runs, test_share, tell)
    )
    found = weigh_all(trials)
    targets = (out / "leak-lab.json", out / "leak-lab.md", out / "leak-lab-plots")
    with staged(*targets) as parts, style():
        write_json(describe(found, rows, learner.name), parts[0])
        parts[1].write_text(write_page(found, rows, learner.name, _FIGURE), encoding="utf-8")
        parts[2].mkdir()
        save_figure(draw(found, rows), parts[2] / "leak_lab")
    console.print(make_table(found, rows))
    console.print(f"written to {out}", markup=False, highlight=False, soft_wrap=True)
