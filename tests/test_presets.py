"""The presets that are shipped: each is documented, and reads the real file where it is at hand."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sluice.files import read_parquet
from sluice.params import parse_section, read_yaml
from sluice.stages.ingest import Complete, ingest

ROOT = Path(__file__).parents[1]
PRESET = ROOT / "presets" / "kaggle-social-media.yaml"
KAGGLE = ROOT / ".." / "shared" / "data" / "kaggle-social-media.csv"


def judgements() -> list[tuple[str, str, str]]:
    """Label, class and reason of each line of the label map, as they stand in the file."""
    text = PRESET.read_text(encoding="utf-8").partition("\nlabel_map:\n")[2]
    return [
        (match[1], match[2], match[3].strip())
        for match in re.finditer(r"^  ([^:\n]+): (\w+)(.*)$", text, re.MULTILINE)
    ]


def test_each_label_has_one_judgement_with_its_reason() -> None:
    found = judgements()
    assert len({label for label, _, _ in found}) == len(found) == 191
    assert {label: final for label, final, _ in found} == read_yaml(PRESET)["label_map"]
    assert [label for label, _, _ in found] == sorted(label for label, _, _ in found)
    reasons = [reason for _, _, reason in found]
    assert all(re.match(r"# .{8,}", reason) for reason in reasons)
    assert len(set(reasons)) >= 180  # judged one by one, not filled in


def test_the_preset_alone_is_enough_for_kaggle() -> None:
    settings = parse_section(read_yaml(PRESET), Complete, PRESET.name)
    assert settings.source == "kaggle"
    assert settings.kaggle.slug == "kashishparmar02/social-media-sentiments-analysis-dataset"
    assert settings.kaggle.file == "sentimentdataset.csv"


@pytest.fixture
def loaded(tmp_path: Path) -> tuple[pd.DataFrame, dict]:
    if not KAGGLE.is_file():
        pytest.skip("the Kaggle file is not beside the project (../shared/data)")
    section = {"source": "csv", "preset": str(PRESET), "path": str(KAGGLE), "max_rejected": 0.0}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"ingest": section}))
    outputs = [tmp_path / name for name in ("rows.parquet", "rejected.csv", "provenance.json")]
    ingest(*outputs, params=tmp_path / "params.yaml")
    return read_parquet(outputs[0]), json.loads(outputs[2].read_text())


def test_the_real_file_loads_whole(loaded: tuple[pd.DataFrame, dict]) -> None:
    rows, provenance = loaded
    assert provenance["rows"] == {"read": 732, "kept": 732, "rejected": 0}
    assert provenance["sha256"].startswith("725c6f7b")
    assert provenance["label_counts"] == {"negative": 191, "neutral": 58, "positive": 483}
    assert [*rows.columns] == ["id", "text", "label", "time", "platform", "country"]
    assert set(rows["platform"]) == {"Facebook", "Instagram", "Twitter"}
    assert rows["country"].nunique() == 33
    assert rows["text"].str.strip().eq(rows["text"]).all()
    assert rows["time"].notna().all()


def test_no_judgement_is_for_a_label_that_the_file_lacks() -> None:
    if not KAGGLE.is_file():
        pytest.skip("the Kaggle file is not beside the project (../shared/data)")
    raw = pd.read_csv(KAGGLE, dtype="str", keep_default_na=False)["Sentiment"].str.strip()
    assert set(raw) == {label for label, _, _ in judgements()}
