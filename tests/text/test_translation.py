"""Back-translation: what must come back, what is said where no model is, and a real tiny model."""

import importlib
import importlib.util
import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sluice.errors import ModelError, ParamsError, ResourceError
from sluice.text import translation
from sluice.text.translation import (
    EXPECTED,
    Folders,
    Translator,
    back_translate,
    tokens_of,
)

installed = all(importlib.util.find_spec(name) for name in ("transformers", "sentencepiece"))
GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't like it!", ["i", "do", "not", "like", "it", "!"]),
        (
            "See <url>, :red_heart: @me #tag 12 self-driving",
            ["see", "<url>", ",", ":red_heart:", "@me", "#tag", "12", "self-driving"],
        ),
        ("<hashtag> Bonne nuit </hashtag>", ["<hashtag>", "bonne", "nuit", "</hashtag>"]),
        (" ", []),
    ],
)
def test_translations_become_tokens_like_the_clean_stages(text: str, tokens: list[str]) -> None:
    assert tokens_of(text) == tokens


class FakeTokenizer:
    """Writes a batch of texts down as numbers, and reads it again changed by its dictionary."""

    supported_language_codes: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "config.json").read_text())
        self.source_lang, self.target_lang = facts["source"], facts["target"]
        self.words = facts["words"]
        self.supported_language_codes = facts.get("codes", [])
        self.texts: list[str] = []
        self.batches: list[int] = []

    def __call__(self, texts: list[str], **options: Any) -> dict[str, Any]:
        assert options["truncation"]
        self.batches.append(len(texts))
        self.texts = texts
        return {"input_ids": texts}

    def batch_decode(self, pieces: list[str], *, skip_special_tokens: bool) -> list[str]:
        assert skip_special_tokens
        return [" ".join(self.words.get(word, word) for word in text.split()) for text in pieces]


class FakeNetwork:
    def eval(self) -> "FakeNetwork":
        return self

    def generate(self, input_ids: list[str], num_beams: int, **options: Any) -> list[str]:
        assert num_beams > 1
        assert options["do_sample"] is False
        return input_ids


@pytest.fixture
def fake(monkeypatch):
    """transformers as far as it is used, over folders that hold a dictionary."""
    calls: list[dict[str, Any]] = []

    def read_tokenizer(folder, **options):
        calls.append(options)
        return FakeTokenizer(folder)

    def read_network(folder, **options):
        calls.append(options)
        return FakeNetwork()

    logging = SimpleNamespace(set_verbosity_error=lambda: None, disable_progress_bar=lambda: None)
    module = SimpleNamespace(
        MarianTokenizer=SimpleNamespace(from_pretrained=read_tokenizer),
        MarianMTModel=SimpleNamespace(from_pretrained=read_network),
        utils=SimpleNamespace(logging=logging),
    )
    modules = {"transformers": module, "sentencepiece": SimpleNamespace()}
    monkeypatch.setattr(importlib, "import_module", lambda name: modules[name])
    return calls


def write_model(folder: Path, source: str | None, target: str | None, **facts: object) -> Path:
    folder.mkdir()
    for name in EXPECTED:
        (folder / name).write_text("")
    content = {"source": source, "target": target, "words": {}, **facts}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    there = {"fine": "bien", "not": "pas", "I": "je"}
    back = {"bien": "well", "pas": "not", "vite": "<url>"}
    return Folders(
        there=write_model(tmp_path / "there", "en", "fr", words=there),
        back=write_model(tmp_path / "back", "fr", "en", words=back),
    )


def test_rows_go_there_and_back(fake, folders: Folders) -> None:
    rows = [["a", "fine", "day"], ["not", "fine", "<url>"], ["a", "day"], []]
    edited = back_translate(folders, "fr")(rows, GENERATOR)
    assert edited == [["a", "well", "day"], ["not", "well", "<url>"], None, None]
    assert all(options["local_files_only"] for options in fake)
    assert [options["use_safetensors"] for options in fake if "use_safetensors" in options] == [
        True,
        True,
    ]


@pytest.mark.parametrize("lost", ["<url> fine", "fine not", "<hashtag> fine </hashtag>", "#fine a"])
def test_a_row_that_loses_or_gains_a_protected_token_is_given_up(
    fake, tmp_path: Path, lost: str
) -> None:
    words = {"<url>": "", "not": "", "fine": "well", "#fine": "#well", "day": "not"}
    folders = Folders(
        there=write_model(tmp_path / "there", None, None, words=words),
        back=write_model(tmp_path / "back", None, None),
    )
    rows = [lost.split(), ["a", "day"], ["fine", "thing"]]
    assert back_translate(folders, "fr")(rows, GENERATOR) == [None, None, ["well", "thing"]]


def test_texts_are_translated_in_batches(fake, folders: Folders) -> None:
    translator = Translator(folders.there, "augment.translation.there")
    texts = [f"fine {number}" for number in range(70)]
    assert translator.translate(texts) == [f"bien {number}" for number in range(70)]
    assert translator._tokenizer.batches == [32, 32, 6]


def test_a_model_of_several_languages_is_asked_for_one(fake, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "there", "en", "roa", codes=[">>fr<<", ">>es<<"])
    translator = Translator(folder, "augment.translation.there")
    assert translator.select_target("es") == ">>es<< "
    with pytest.raises(ParamsError, match=r"language is 'de', and .*translation\.there writes fr"):
        translator.select_target("de")


def test_models_of_another_language_are_refused(fake, folders: Folders) -> None:
    with pytest.raises(ParamsError, match=r"'de', and the model of .*there writes fr"):
        back_translate(folders, "de")
    swapped = Folders(there=folders.back, back=folders.there)
    with pytest.raises(ParamsError, match=r"'fr', and the model of .*there writes en"):
        back_translate(swapped, "fr")
    twice = Folders(there=folders.there, back=folders.there)
    with pytest.raises(ParamsError, match=r"the model of augment\.translation\.back reads en"):
        back_translate(twice, "fr")


def test_a_folder_without_a_model_names_key_and_files(fake, folders: Folders) -> None:
    (folders.back / "model.safetensors").unlink()
    with pytest.raises(ResourceError, match=r"augment\.translation\.back: .*\(model\.safetensors "):
        back_translate(folders, "fr")
    missing = Folders(there=Path("nowhere"), back=folders.back)
    with pytest.raises(ResourceError, match=r"nowhere holds no Marian model .*source\.spm"):
        back_translate(missing, "fr")


def test_without_transformers_the_command_is_named(monkeypatch, folders: Folders) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        ResourceError, match=r"sentencepiece: run `pip install 'sluice\[translation"
    ):
        back_translate(folders, "fr")


SENTENCES = ["a fine day on the road", "we buy a car", "it is not far to the town", "good night"]


def write_marian(folder: Path, source: str, target: str) -> Path:
    """A Marian model with random weights and a vocabulary of its own, a few KB on disk."""
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir()
    text = folder / "text.txt"
    text.write_text("\n".join(SENTENCES * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "source"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "source.model").rename(folder / "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    names = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    names = ["</s>", "<unk>", *(name for name in names if name not in ("<s>", "</s>", "<unk>"))]
    names.append("<pad>")
    (folder / "vocab.json").write_text(json.dumps({name: at for at, name in enumerate(names)}))
    files = {name: str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
        tokenizer = MarianTokenizer(
            source_spm=files["source.spm"],
            target_spm=files["target.spm"],
            vocab=files["vocab.json"],
            source_lang=source,
            target_lang=target,
        )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = MarianConfig(
        vocab_size=len(names), d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, max_position_embeddings=512, pad_token_id=len(names) - 1,
        eos_token_id=0, decoder_start_token_id=len(names) - 1, forced_eos_token_id=0,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def marian(tmp_path_factory) -> Folders:
    root = tmp_path_factory.mktemp("marian")
    return Folders(
        there=write_marian(root / "there", "en", "fr"), back=write_marian(root / "back", "fr", "en")
    )


@pytest.mark.skipif(not installed, reason="the extra 'translation' is not installed")
def test_a_real_model_translates_the_same_each_time(marian: Folders) -> None:
    assert all((marian.there / name).is_file() for name in EXPECTED)
    first, second = (
        Translator(marian.there, "there").translate(SENTENCES * 9, "") for _ in range(2)
    )
    assert first == second
    assert len(first) == len(SENTENCES) * 9
    assert any(first)
    rows = [sentence.split() for sentence in SENTENCES]
    edited = back_translate(marian, "fr")(rows, GENERATOR)
    assert len(edited) == len(rows)
    assert any(edited)


@pytest.mark.skipif(not installed, reason="the extra 'translation' is not installed")
def test_a_broken_model_is_named(marian: Folders, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in EXPECTED:
        (folder / name).write_bytes((marian.there / name).read_bytes())
    (folder / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError, match=r"the\.key: .*broken is not a usable Marian model"):
        translation.Translator(folder, "the.key")
