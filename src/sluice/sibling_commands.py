"""`sluice forecast`, `tag` and `generate`: what the sibling pipelines have trained, for people.

In: a series, a sentence, the first words of a rhyme. Out: words on the terminal. Heavy imports
happen inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer


def forecast(
    csv: Annotated[Path, typer.Argument(help="A CSV with a row for each time.")],
    time: Annotated[str | None, typer.Option(help="Column of the times [first].")] = None,
    value: Annotated[str | None, typer.Option(help="Column of the values [second].")] = None,
    horizon: Annotated[int, typer.Option(help="Steps ahead.")] = 12,
    season: Annotated[
        int | None, typer.Option(min=1, help="Steps in a season [by the frequency].")
    ] = None,
    carry: Annotated[bool, typer.Option("--carry", help="Carry the last value over gaps.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the forecasts as CSV.")] = None,
) -> None:
    """Forecast a series by small LSTMs, and say how good they were on its last third.

    Example: sluice forecast pipelines/forecast/data/airline-passengers.csv --horizon 12
    """
    from rich.console import Console

    from sluice.forecasting.command import Request, forecast_file

    request = Request(csv, time, value, season, carry, horizon)
    forecast_file(request, out, Console(highlight=False))


def tag(
    text: Annotated[str, typer.Argument(help="The text, as it comes.")],
    model: Annotated[Path, typer.Option(help="A tagger's folder: models/<seed>.")] = Path(
        "pipelines/entities/models/0"
    ),
) -> None:
    """Show the entities of a text, or the tag of each token, in colour.

    Example: sluice tag "Berlin!" --model pipelines/entities/models/0
    """
    from rich.console import Console

    from sluice.tagging.command import tag_text

    Console(highlight=False).print(tag_text(model, text))


def generate(
    prompt: Annotated[str, typer.Option(help="How it begins; / ends a line.")] = "",
    lines: Annotated[int, typer.Option(help="Lines, those of the prompt included.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Another one, another rhyme.")] = 0,
    model: Annotated[Path, typer.Option(help="The model's folder.")] = Path(
        "pipelines/rhymes/models/word/0"
    ),
    method: Annotated[str | None, typer.Option(help="sample or beam [sample].")] = None,
    temperature: Annotated[float | None, typer.Option(help="Above 1 is wilder [1].")] = None,
    top_k: Annotated[int | None, typer.Option(help="Likeliest tokens; 0 is all [0].")] = None,
    top_p: Annotated[float | None, typer.Option(help="Probability of the nucleus [0.9].")] = None,
    beam: Annotated[int | None, typer.Option(help="Lines that a search keeps [8].")] = None,
    candidates: Annotated[
        int | None, typer.Option(help="Lines drawn until one rhymes; 1 takes any [16].")
    ] = None,
) -> None:
    """Write a rhyme by a trained LSTM; the same seed writes the same one.

    Example: sluice generate --prompt "Little fox" --lines 8 --seed 3
    """
    from sluice.rhyming.command import generate_rhyme, make_sampler

    sampler = make_sampler(
        {
            "method": method,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "beam": beam,
            "candidates": candidates,
        }
    )
    typer.echo(generate_rhyme(model, prompt, lines, seed, sampler))
