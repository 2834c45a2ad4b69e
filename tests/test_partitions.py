"""Batches on a cluster: the same bytes as without, and what is refused."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from dask_cluster import ended, scheduler, start_worker
from workspace import ROOT

from sluice.errors import ResourceError
from sluice.files import write_parquet
from sluice.partitions import ADDRESS
from sluice.stages.clean import clean

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(tmp_path) -> Path:
    """A folder with the flows, and a table of five batches."""
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    texts = [f"RT @user{number}: I can't {'so' + 'o' * number} #GoodMorning" for number in range(9)]
    write_parquet(pd.DataFrame({"id": map(str, range(9)), "text": texts}), tmp_path / "raw.parquet")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"clean": {"batch_rows": 2}}))
    return tmp_path


def run(folder: Path, name: str) -> bytes:
    clean(folder / "raw.parquet", folder / name, folder / "params.yaml")
    return (folder / name).read_bytes()


def test_cleaning_on_workers_gives_the_same_bytes(workspace, monkeypatch) -> None:
    here = run(workspace, "here.parquet")
    with scheduler(workspace) as address:
        monkeypatch.setenv(ADDRESS, address)
        with ended(start_worker(workspace, address, "one")):
            assert run(workspace, "there.parquet") == here
        other = workspace / "other"
        shutil.copytree(ROOT / "src/sluice", other / "sluice")
        code = other / "sluice/version.py"
        code.write_text(code.read_text() + "# other\n")
        with (
            ended(start_worker(workspace, address, "old", code=other)),
            pytest.raises(ResourceError, match="worker old has other code or other versions"),
        ):
            run(workspace, "refused.parquet")
    assert not (workspace / "refused.parquet").exists()
