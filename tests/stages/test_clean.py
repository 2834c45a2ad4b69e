import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from sluice.errors import DataError, ResourceError, SourceError
from sluice.files import read_parquet, write_parquet
from sluice.stages.clean import clean
from sluice.text import wordnet, words


@pytest.fixture
def folder(tmp_path):
    rows = pd.DataFrame(
        {
            "id": [f"{n:03}" for n in range(23)],
            "text": [f"Flights {n} &amp; more #NotFair" for n in range(22)] + ["RT @you:"],
            "label": ["a", "b"] * 11 + ["a"],
            "confidence": [0.5] * 23,
        }
    )
    write_parquet(rows, tmp_path / "rows.parquet")
    return tmp_path


def params(folder, **section):
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({"clean": section}))
    return path


def test_every_row_keeps_its_place_and_its_text(folder, capsys) -> None:
    clean(folder / "rows.parquet", folder / "out/rows.parquet", params(folder, steps={}))
    before, after = read_parquet(folder / "rows.parquet"), read_parquet(folder / "out/rows.parquet")
    pd.testing.assert_frame_equal(after.drop(columns="cleaned"), before)
    assert after["cleaned"].iloc[0] == "flights <number> & more not fair"
    assert after["cleaned"].iloc[-1] == "<empty>"
    assert "1 of them empty" in capsys.readouterr().out


def test_batches_change_no_row(folder) -> None:
    clean(folder / "rows.parquet", folder / "a.parquet", params(folder, steps={}))
    clean(folder / "rows.parquet", folder / "b.parquet", params(folder, steps={}, batch_rows=4))
    assert pq.read_table(folder / "a.parquet").equals(pq.read_table(folder / "b.parquet"))


def test_missing_input_is_named(folder) -> None:
    with pytest.raises(SourceError, match=r"none\.parquet is missing"):
        clean(folder / "none.parquet", folder / "out.parquet", params(folder, steps={}))


def test_a_table_without_texts_is_refused(folder) -> None:
    write_parquet(pd.DataFrame({"id": ["1"]}), folder / "odd.parquet")
    with pytest.raises(DataError, match="no column text"):
        clean(folder / "odd.parquet", folder / "out.parquet", params(folder, steps={}))
    assert not (folder / "out.parquet").exists()


def test_an_absent_wordnet_leaves_the_old_output(folder, monkeypatch) -> None:
    out = folder / "out.parquet"
    out.write_text("old")

    def absent():
        raise ResourceError("WordNet is not installed: run `pip install ...`")

    words.lemmatise.cache_clear()
    monkeypatch.setattr(wordnet, "find_wordnet", absent)
    with pytest.raises(ResourceError, match="pip install"):
        clean(folder / "rows.parquet", out, params(folder, steps={"normalise_words": "lemmatise"}))
    assert out.read_text() == "old"
    assert not list(folder.glob(".*part"))
