"""`sluice watch` in a project with a champion: reports, exit status, what it refuses."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from judged_project import WORDS
from typer.testing import CliRunner

from sluice import cli
from sluice.errors import ParamsError, RegistryError, SluiceError
from sluice.files import read_parquet, write_parquet
from sluice.params import read_section
from sluice.registry.versions import read_version
from sluice.watching.champion import ROWS, find_rows
from sluice.watching.findings import Finding
from sluice.watching.settings import STATISTICS, Watch

EVIL = '<script>alert("x")</script> \u202egnp'


def draw(words: list[str], count: int, seed: int) -> list[str]:
    import numpy as np

    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(words, size=3)) for _ in range(count)]


@pytest.fixture
def quick(crowned) -> Path:
    """The project with few resamples and small batches."""
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["watch"] |= {"resamples": 300, "false_alarms": 0.03, "min_rows": 20}
    Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return crowned


def watch(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["watch", *words])
    if isinstance(done.exception, SluiceError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def finding() -> Finding:
    return Finding.model_validate_json(Path("reports/watch/drift.json").read_text())


def test_rows_like_the_reference_are_quiet_and_others_are_drift(quick) -> None:
    rows = read_parquet(Path(ROWS))
    rows[["id", "text"]].sample(40, random_state=1).to_csv("like.csv", index=False)
    status, said = watch("like.csv")
    assert status == 0, said
    assert "no drift in" in said
    found = finding()
    assert (found.verdict, found.champion, found.batch) == ("quiet", 1, "like.csv")
    assert [one.name for one in found.statistics] == list(STATISTICS)
    assert not found.alarms
    assert found.accuracy.reference == pytest.approx(1.0)  # its labels are what the model says
    assert sum(share for share, _ in found.labels.values()) == pytest.approx(1.0, abs=1e-5)

    texts = [*draw(WORDS, 15, 1), *draw(["quark", "gluon", "boson", EVIL], 15, 2)]
    pd.DataFrame({"tweet": texts}).to_parquet("other.parquet")
    status, said = watch("other.parquet", "--column", "tweet", "--out", "elsewhere")
    assert status == 3, said
    assert "drift in unknown words" in said
    assert finding() == found  # of the other folder
    drifted = json.loads(Path("elsewhere/drift.json").read_text())
    assert {one["name"] for one in drifted["statistics"] if one["alarm"]} >= {"unknown"}

    page = Path("elsewhere/drift.html").read_text()
    HTMLParser().feed(page)
    assert "<script" not in page
    assert "\u202e" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "gluon" in page
    before = page, Path("elsewhere/drift.json").read_bytes()
    watch("other.parquet", "--column", "tweet", "--out", "elsewhere")
    again = Path("elsewhere/drift.html").read_text(), Path("elsewhere/drift.json").read_bytes()
    assert again == before


def test_one_row_and_repeated_rows_get_no_verdict(quick) -> None:
    Path("one.csv").write_text("text\nboson\n")
    status, said = watch("one.csv")
    assert (status, "no verdict on 1 text: too few" in said) == (0, True)
    assert all(one.threshold is None for one in finding().statistics)
    Path("same.csv").write_text("text\n" + "boson\n" * 500)
    assert watch("same.csv")[0] == 0
    found = finding()
    assert found.verdict == "too few rows"
    assert (found.counts.read, found.counts.repeated, found.counts.scored) == (500, 499, 1)


def test_without_a_champion_or_its_rows_nothing_is_watched(quick) -> None:
    Path("new.csv").write_text("text\nboson\n")
    rows = read_parquet(Path(ROWS))
    write_parquet(rows.iloc[::-1], Path(ROWS))
    with pytest.raises(RegistryError, match=r"validation rows of version 1 are gone.*dvc fetch"):
        watch("new.csv")
    assert not Path("reports/watch").exists()
    shutil.rmtree("registry")
    with pytest.raises(RegistryError, match="there is no champion yet: sluice promote makes one"):
        watch("new.csv")


def test_the_champions_rows_are_found_in_the_cache(quick) -> None:
    version = read_version(quick, 1)
    md5 = version.origin.data[ROWS]
    cached = quick / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    cached.parent.mkdir(parents=True)
    (quick / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    shutil.move(quick / ROWS, cached)
    assert find_rows(quick, version) == cached
    cached.write_bytes(b"damaged")
    with pytest.raises(RegistryError, match="are gone"):
        find_rows(quick, version)


def test_too_few_resamples_are_refused_by_the_names_of_both_keys(quick) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["watch"] |= {"resamples": 300, "false_alarms": 0.01}
    Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    with pytest.raises(ParamsError, match=r"watch.false_alarms of 0.01 needs watch.resamples.*700"):
        read_section(Path("params.yaml"), "watch", Watch)
