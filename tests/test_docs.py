"""What the pages say is there: links, commands, keys, and the examples of cleaning."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from sluice import cli
from sluice.params import ALL_SECTIONS, SECTIONS, read_yaml
from sluice.text.cleaning import ORDER, Steps, clean_texts

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "data/source/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[`&|;] ?|do )((?:sluice|make|dvc) [^`#\n&|;]+)", re.MULTILINE)
OFF = {step.key: "keep" for step in ORDER} | {
    "repair_encoding": False,
    "unescape_html": False,
    "lowercase": False,
    "normalise_words": "none",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slug(heading: str) -> str:
    """The anchor that a forge gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def links(page: Path) -> list[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [link for link in LINK.findall(text) if not link.startswith("https://")]


def snippets() -> list[Any]:
    found = (
        (page, language, content)
        for page in PAGES
        for language, content in FENCE.findall(page.read_text(encoding="utf-8"))
    )
    return [
        pytest.param(content, id=f"{name(page)}:{number}")
        for number, (page, language, content) in enumerate(found)
        if language == "yaml" and content.split(":")[0] in ALL_SECTIONS
    ]


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Page and words of each command of a program that a page names."""
    return [
        (name(page), words[1:])
        for page in PAGES
        for command in COMMAND.findall(page.read_text(encoding="utf-8"))
        if (words := command.split())[0] == program
    ]


def overlay(below: dict, above: dict) -> dict:
    return below | {
        key: overlay(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    met, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in met and page.suffix == ".md":
            met.add(page)
            waiting += [(page.parent / link.split("#")[0]).resolve() for link in links(page)]
    assert {page for page in PAGES if "source" not in page.parts} <= met


@pytest.mark.parametrize("snippet", snippets())
def test_snippets_are_good_parameters(snippet, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)  # where presets lie
    path = tmp_path / "snippet.yaml"
    path.write_text(snippet, encoding="utf-8")
    whole = overlay(read_yaml(ROOT / "params.yaml"), read_yaml(path))
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    cli.check(path)


def test_there_are_snippets_in_every_how_to() -> None:
    assert len(snippets()) >= 15


def test_commands_of_sluice_exist() -> None:
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    named = commands("sluice")
    assert len(named) >= 5
    for page, words in named:
        assert words[0] in known, page
        if words[0] == "params" and len(words) > 1:
            assert words[1] in ALL_SECTIONS, page


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = commands("make")
    assert named
    for page, words in named:
        assert words[0] in targets, page


def test_stages_and_keys_named_to_dvc_exist() -> None:
    params = read_yaml(ROOT / "params.yaml")
    for page, words in commands("dvc"):
        if words[0] == "repro":
            stages = [word.split("@")[0] for word in words[1:] if not word.startswith("-")]
            assert set(stages) <= set(SECTIONS), page
        for flag, change in pairwise(words):
            if flag == "-S":
                value: Any = params
                for key in change.split("=")[0].split("."):
                    assert key in value, f"{page}: {change}"
                    value = value[key]


def examples() -> list[tuple[str, str, str, str]]:
    page = (ROOT / "docs/cleaning.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(\w+): (\w+)` \| `(.+?)` \| `(.+?)` \|$", page, re.MULTILINE)


def test_the_examples_of_cleaning_are_all_steps_in_order() -> None:
    assert [key for key, *_ in examples()] == ["repair_encoding", *(step.key for step in ORDER)]


@pytest.mark.parametrize(("key", "value", "text", "becomes"), examples(), ids=lambda word: word)
def test_the_examples_of_cleaning_are_true(key, value, text, becomes) -> None:
    alone = {key: value == "true" if value in ("true", "false") else value}
    needed = {"punctuation": "split"} if key == "normalise_words" else {}
    steps = Steps.model_validate(OFF | needed | alone)
    assert clean_texts(pl.Series([text]), steps).to_list() == [becomes]
