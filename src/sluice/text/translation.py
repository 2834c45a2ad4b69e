"""Back-translation: rows to another language and back, by two Marian models in local folders.

In: rows of tokens. Out: what comes back, as tokens, or None where a protected token was lost or
moved. It downloads nothing and samples nothing; the same folders give the same translations.

Sources: Sennrich et al. 2016, arXiv 1511.06709 (back-translation); Junczys-Dowmunt et al. 2018,
arXiv 1804.00344 (Marian).
"""

import importlib
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sluice.errors import ModelError, ParamsError, ResourceError
from sluice.params import Section
from sluice.text.augmentation import Operation, Tokens
from sluice.text.protection import mark_again, protected_tokens, unmark

EXPECTED = ("config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json")
"""Files of a Marian model as `save_pretrained` writes them."""

_BATCH = 32
_BEAMS = 4
_LONGEST = 256  # pieces of a row; tweets have a tenth of it
_TOKEN = re.compile(r"</?[^<>\s]+>|:[\w+-]+:|[#@]\w+|[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[^\w\s]|_+")
_NOT = re.compile(r"(?<=\w)n['’]t\b")


class Folders(Section):
    """Section `augment.translation` of params.yaml: where the two models lie."""

    there: Path
    """Folder of the Marian model from the texts' language to `augment.language`."""
    back: Path
    """Folder of the Marian model from `augment.language` to the texts' language."""


def _import_transformers() -> Any:
    try:
        importlib.import_module("sentencepiece")
        return importlib.import_module("transformers")
    except ImportError as error:
        raise ResourceError(
            f"augment.operations.back_translate needs the package {error.name}: run "
            "`pip install 'sluice[translation]'`, or set the operation to 0"
        ) from error


def _check_folder(folder: Path, key: str) -> None:
    absent = [name for name in EXPECTED if not (folder / name).is_file()]
    if absent:
        raise ResourceError(
            f"{key}: {folder} holds no Marian model in safetensors ({', '.join(absent)} missing; "
            f"expected {', '.join(EXPECTED)}): put one there, as save_pretrained writes it, "
            "or set augment.operations.back_translate to 0"
        )


class Translator:
    """A Marian model with its tokenizer, both read from one folder."""

    def __init__(self, folder: Path, key: str) -> None:
        """Load the model.

        Args:
            folder: a folder that holds the files of `EXPECTED`.
            key: the key of params.yaml that names the folder, for messages.

        Raises:
            ResourceError: transformers is not installed, or the folder holds no model.
            ModelError: the files are there and are no Marian model.
        """
        self._key = key
        transformers = _import_transformers()
        _check_folder(folder, key)
        local: dict[str, Any] = {"local_files_only": True}
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        try:
            with warnings.catch_warnings():
                # Its normaliser of punctuation has nothing to do: cleaning parted it already.
                warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
                self._tokenizer = transformers.MarianTokenizer.from_pretrained(folder, **local)
            self._network = transformers.MarianMTModel.from_pretrained(
                folder, use_safetensors=True, **local
            ).eval()
        except Exception as error:  # each of four libraries has errors of its own for a broken file
            raise ModelError(
                f"{key}: {folder} is not a usable Marian model ({error!r:.200}): replace its files"
            ) from error

    @property
    def source(self) -> str | None:
        """Language that the model reads, where it says so."""
        return getattr(self._tokenizer, "source_lang", None)

    def select_target(self, language: str) -> str:
        """Return the mark that asks a model of several languages for one; "" for a model of one.

        Raises:
            ParamsError: the model does not write that language.
        """
        marks = list(getattr(self._tokenizer, "supported_language_codes", None) or [])
        mark = f">>{language}<<"
        if mark in marks:
            return f"{mark} "
        target = getattr(self._tokenizer, "target_lang", None)
        if marks or target not in (None, language):
            names = ", ".join(name.strip("<>") for name in marks) or target
            raise ParamsError(
                f"augment.language is {language!r}, and the model of {self._key} writes {names}"
            )
        return ""

    def translate(self, texts: Sequence[str], mark: str = "") -> list[str]:
        """Translate texts in batches of 32 by beam search; nothing is sampled."""
        import torch  # seconds, and most runs translate nothing

        translated: list[str] = []
        for start in range(0, len(texts), _BATCH):
            batch = self._tokenizer(
                [mark + text for text in texts[start : start + _BATCH]],
                return_tensors="pt", padding=True, truncation=True, max_length=_LONGEST,
            )  # fmt: skip
            with torch.inference_mode():
                pieces = self._network.generate(
                    **batch, num_beams=_BEAMS, do_sample=False, max_length=_LONGEST
                )
            translated += self._tokenizer.batch_decode(pieces, skip_special_tokens=True)
        return translated


def tokens_of(text: str) -> Tokens:
    """Part a translation into tokens like the clean stage's: lower case, punctuation apart."""
    return _TOKEN.findall(_NOT.sub(" not", text.lower()))


def back_translate(folders: Folders, language: str) -> Operation:
    """Make an operation that translates rows to `language` and back.

    A row whose placeholders, hashtags, emoji or negations do not all come back, in their order, is
    given up: its label may have changed with them.

    Raises:
        ResourceError: transformers is not installed, or a folder holds no model.
        ModelError: a folder's files are no Marian model.
        ParamsError: a model is not for that language.
    """
    there = Translator(folders.there, "augment.translation.there")
    back = Translator(folders.back, "augment.translation.back")
    mark = there.select_target(language)
    if back.source not in (None, language):
        raise ParamsError(
            f"augment.language is {language!r}, and the model of augment.translation.back reads "
            f"{back.source}"
        )

    def operation(rows: Sequence[Tokens], _: np.random.Generator) -> list[Tokens | None]:
        texts = there.translate([" ".join(unmark(row)) for row in rows], mark)
        returned = [tokens_of(text) for text in back.translate(texts)]
        marked = [mark_again(new, old) for new, old in zip(returned, rows, strict=True)]
        return [
            new if new and new != old and protected_tokens(new) == protected_tokens(old) else None
            for new, old in zip(marked, rows, strict=True)
        ]

    return operation
