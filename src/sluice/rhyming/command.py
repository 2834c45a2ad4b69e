"""`sluice generate`: a trained model and a prompt in, a rhyme out.

In: what the command line says. Out: text on the terminal. Training is `pipelines/rhymes`'s.
"""

from pathlib import Path

from pydantic import ValidationError

from sluice.errors import DataError, ParamsError
from sluice.rhyming.running import rhyme_asker
from sluice.rhyming.sampling import Writer, read_prompt, write_rhyme
from sluice.rhyming.settings import RHYMING, Sampler
from sluice.rhyming.storage import load_model

MAX_LINES = 1000
MAX_PROMPT = 1000


def make_sampler(changes: dict[str, float | int | str | None]) -> Sampler:
    """Give the sampler of the command with the changes that are not None.

    Raises:
        ParamsError: a value is outside its bounds.
    """
    given = {key: value for key, value in changes.items() if value is not None}
    try:
        return Sampler.model_validate(RHYMING.model_dump() | given)
    except ValidationError as error:
        problem = error.errors()[0]
        option = "--" + str(problem["loc"][0]).replace("_", "-")
        raise ParamsError(
            f"{option}: {problem['msg']} (given: {problem['input']!r:.40})"
        ) from error


def generate_rhyme(model: Path, prompt: str, lines: int, seed: int, sampler: Sampler) -> str:
    """Write a rhyme of exactly so many lines that begins with the prompt; `/` ends a line of it.

    Raises:
        SluiceError: the model, the prompt or the number of lines is not usable.
    """
    if not 1 <= lines <= MAX_LINES:
        raise ParamsError(f"--lines must be from 1 to {MAX_LINES}, and is {lines}")
    if len(prompt) > MAX_PROMPT:
        raise DataError(f"the prompt is longer than {MAX_PROMPT} characters")
    network, vocabulary = load_model(model)
    text = "\n".join(part.strip() for part in prompt.split("/"))
    writer = Writer(network, vocabulary, sampler, rhyme_asker(sampler))
    words = write_rhyme(writer, read_prompt(text, vocabulary), lines, seed, exact=True)
    return vocabulary.write(words)
