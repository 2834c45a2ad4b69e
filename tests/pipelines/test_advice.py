"""The advice pipeline: its stages by their own commands on the fixture, and what it computes."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import yaml
from graphs import call, check_paths, commands
from scipy.stats import norm, ttest_1samp
from workspace import ROOT, make_workspace, merge

from sluice.errors import SluiceError
from sluice.evaluation.candidates import Candidate, Judged
from sluice.evaluation.comparison import seed_interval
from sluice.files import read_json, read_parquet

HOME = ROOT / "pipelines/advice"
GRAPH = yaml.safe_load((HOME / "dvc.yaml").read_text())["stages"]
AUDIT = yaml.safe_load((HOME / "advice.yaml").read_text())
PARAMS = yaml.safe_load((HOME / "params.yaml").read_text())
ASKED = (
    "stop_words", "stems", "lemmas", "oversampling", "undersampling", "class_weights",
    "naive_synonyms", "synonyms", "bidirectional", "attention", "stacking", "batch_normalisation",
    "dropout", "gradient_clipping", "gru", "transformer", "wider", "concat_pooling", "subwords",
    "wide_part", "glove", "transformer_words", "teacher", "tuned_teacher", "noised_texts",
    "word_dropout", "variational_dropout", "label_smoothing", "averaging", "weight_decay",
)  # fmt: skip
TINY = {
    "train": {
        "seeds": [0, 1],
        "model": {"embedding_size": 4, "hidden_size": 4},
        "optimisation": {"max_epochs": 1, "max_batches": 2, "batch_size": 16},
    },
    "evaluate": {"bootstrap": {"resamples": 200}},
}
SCRIPTS = ("audit", "arrange", "join", "naive", "gains", "figures", "pages", "compare")


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The pipeline's own scripts, which are no package."""
    monkeypatch.syspath_prepend(HOME)
    yield {name: importlib.import_module(name) for name in SCRIPTS}
    for name in SCRIPTS:
        sys.modules.pop(name, None)


def make_rows(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The main pipeline's rows and split of the fixture, as far as the audit asks for them."""
    monkeypatch.chdir(project)
    graph = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    wanted = {name: graph[name] for name in ("ingest", "clean", "split")}
    for module, words in commands(wanted, {}):
        call(module, words)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts) -> Path:
    """This pipeline's folder in a small project, whose rows are split already."""
    project = make_workspace(tmp_path / "project", git=False)
    make_rows(project, monkeypatch)
    folder = project / "pipelines/advice"
    folder.mkdir(parents=True)
    for name in ("advice.yaml", "report.html.j2"):
        (folder / name).write_bytes((HOME / name).read_bytes())
    (folder / "params.yaml").write_text(yaml.safe_dump(merge(PARAMS, TINY), sort_keys=False))
    monkeypatch.chdir(folder)
    return folder


def check_rows(home: Path) -> None:
    """Each advice on rows is followed in the rows, and nowhere else."""
    split = {
        name: read_parquet(home / f"data/split/{name}/test.parquet") for name in AUDIT["cleanings"]
    }
    main = read_parquet(home / "../../data/split/test.parquet")
    for name, part in split.items():
        same = ["id", "label", "cluster", "text"]
        pd.testing.assert_frame_equal(part[same], main[same])
        assert (part["cleaned"] == main["cleaned"]).all() == (name == "default"), name
    words = {name: set(" ".join(part["cleaned"]).split()) for name, part in split.items()}
    assert {"the", "not"} <= words["default"]
    assert not {"the", "not"} & words["stop_words"]
    assert "not" in words["stop_words_guarded"]
    assert "the" not in words["stop_words_guarded"]
    made = {
        path.stem: read_parquet(path)
        for path in sorted((home / "data/augmented").glob("*.parquet"))
    }
    sizes = {name: len(rows) for name, rows in made.items()}
    assert sizes["undersampling"] < sizes["default"] < sizes["oversampling"]
    assert set(made["class_weights"]["weight"]) != {1.0} == set(made["default"]["weight"])
    assert set(made["synonyms"]["operation"].dropna()) == {"synonyms"}
    assert set(made["naive_synonyms"]["operation"].dropna()) == {"naive"}


def check_page(home: Path) -> None:
    page = (home / "reports/report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 1
    assert "<script" not in page
    for one in AUDIT["advice"][1:]:
        assert f">{one['name'].replace('_', ' ')}</bdi></th>" in page
    text = (home / "reports/table.md").read_text()
    assert text.startswith("Of 31 pieces of advice, each followed alone,")
    assert set(ASKED) < {one["name"] for one in AUDIT["advice"]}
    assert text.count("\n|") == 2 + len(AUDIT["advice"][1:])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # one step of training: scikit-learn and Lightning have views
def test_every_command_of_the_graph_runs_on_the_fixture(home: Path) -> None:
    params = yaml.safe_load((home / "params.yaml").read_text())
    listed = list(commands(GRAPH, params | AUDIT))
    for module, words in listed:
        call(module, words)
    check_rows(home)
    table = pd.read_csv(home / "reports/table.csv")
    assert sorted(table["advice"]) == sorted(one["name"] for one in AUDIT["advice"][1:])
    assert table["gain"].is_monotonic_decreasing
    assert (table["rows_low"] <= table["rows_high"]).all()
    assert ((table["both_low"] <= table["gain"]) & (table["gain"] <= table["both_high"])).all()
    seeds = table["by_seed"].str.split(expand=True).astype(float)
    assert np.allclose(seeds.mean(axis=1), table["gain"], atol=1e-4)
    config = read_json(home / "models/gru/1/config.json")
    assert (config["name"], config["seed"], config["network"]["encoder"]) == ("gru", 1, "gru")
    cleaning = read_json(home / "models/stop_words/0/config.json")["cleaning"]
    assert (cleaning["stop_words"], cleaning["keep_negations"]) == ("drop", False)
    clocks = pd.read_csv(home / "reports/timing.csv").set_index("advice")
    assert clocks.loc["default", "ratio"] == 1.0
    assert clocks.loc["default", "teacher_seconds"] == 0
    assert 0 < clocks.loc["noised_texts", "teacher_seconds"] < clocks.loc["noised_texts", "seconds"]
    check_page(home)
    outputs = [home / "reports" / name for name in ("table.csv", "table.md", "report.html")]
    outputs += sorted((home / "reports/figures").iterdir())
    assert {path.name for path in outputs[3:]} == {"gains.png", "gains.svg"}
    before = [path.read_bytes() for path in outputs]
    call(*listed[-1])
    assert [path.read_bytes() for path in outputs] == before
    assert not list(home.rglob("*.part"))


def judged(macro_f1: float, samples: list[float]) -> Judged:
    candidate = Candidate("model", "x", 0, pd.DataFrame())
    scores = {"macro_f1": macro_f1}
    return Judged(candidate, scores, scores, {"macro_f1": np.array(samples)}, {}, [])


def test_without_error_over_rows_it_is_the_paired_t_test(scripts) -> None:
    differences = [0.010, 0.014, 0.003]
    runs = [judged(0.5 + one, [0.5 + one] * 4) for one in differences]
    gain = scripts["gains"].weigh(runs, [judged(0.5, [0.5] * 4)] * 3, 0.95)
    assert gain.value == pytest.approx(np.mean(differences))
    assert gain.spread == pytest.approx(np.std(differences, ddof=1))
    assert gain.over_both == pytest.approx(seed_interval(differences, 0.95))
    assert gain.p_both == pytest.approx(ttest_1samp(differences, 0.0).pvalue)
    assert gain.over_rows == pytest.approx((gain.value, gain.value))


def test_without_spread_over_seeds_it_is_the_bootstrap_with_its_normal_error(scripts) -> None:
    error = scripts["gains"].error_of(0.02, 0.0, 3, 0.95)
    assert error.size == pytest.approx(0.02)
    assert error.freedom == np.inf
    assert error.reach == pytest.approx(0.02 * norm.ppf(0.975))
    samples = [0.52, 0.48, 0.55, 0.45]
    runs = [judged(0.53, samples)] * 2
    gain = scripts["gains"].weigh(runs, [judged(0.5, [0.5] * 4)] * 2, 0.95)
    expected = 2 * norm.sf(0.03 / np.std(samples, ddof=1))
    assert (gain.p_rows, gain.p_both) == pytest.approx((expected, expected))


def test_equal_parts_have_the_degrees_of_freedom_of_satterthwaite(scripts) -> None:
    """Two equal variances, one with 2 degrees of freedom: 2^2 * 2 = 8."""
    error = scripts["gains"].error_of(0.01, 0.01 * np.sqrt(3), 3, 0.95)
    assert error.freedom == pytest.approx(8.0)
    assert error.size == pytest.approx(0.01 * np.sqrt(2))


def test_verdicts_are_corrected_for_their_number(scripts) -> None:
    gains = scripts["gains"]

    def gain(value: float, rows: float, both: float) -> object:
        bounds = (value, value)
        return gains.Gain(0.5, value, bounds, bounds, 0.0, bounds, rows, both)

    def words(found: list) -> list[str]:
        return [one.word for one in gains.judge_gains(found, 0.95)]

    three = [gain(0.02, 0.01, 0.01), gain(-0.02, 0.001, 0.04), gain(0.02, 0.04, 0.2)]
    assert words(three) == ["helped", "hurt with these seeds", "helped with these seeds"]
    assert words([gain(-0.02, 0.001, 0.002)]) == ["hurt"]
    many = [*three, *(gain(0.0, 0.9, 0.9) for _ in range(7))]
    assert words(many) == ["nothing seen", "hurt with these seeds", *["nothing seen"] * 8]


def test_naive_exchange_takes_every_word_that_wordnet_knows(scripts) -> None:
    naive = scripts["naive"]
    generator = np.random.default_rng(0)
    assert naive.first_names("zxqv") == ()
    assert naive.exchange_words("zxqv <url> .", generator) == "zxqv <url> ."
    drawn = {naive.exchange_words("an", generator) for _ in range(20)}
    assert "associate in nursing" in drawn
    rows = pd.DataFrame(
        {
            "id": ["a", "b"],
            "text": ["An awful day", "zxqv"],
            "label": ["negative", "neutral"],
            "cleaned": ["an awful day", "zxqv"],
            "cluster": ["a", "b"],
        }
    )
    before = rows.copy()
    result = naive.add_exchanged(rows, seed=0)
    pd.testing.assert_frame_equal(rows, before)
    assert result["id"].tolist() == ["a", "b", "a~naive~1"]
    assert result["parent_id"].tolist()[2] == "a"
    assert result["label"].tolist()[2] == "negative"
    assert result["cleaned"].iloc[2] != "an awful day"
    pd.testing.assert_frame_equal(naive.add_exchanged(rows, seed=0), result)


def test_joining_needs_every_row_of_the_split(scripts) -> None:
    part = pd.DataFrame({"id": ["b", "a"], "cleaned": ["x", "y"], "cluster": ["b", "a"]})
    rows = pd.DataFrame({"id": ["a", "b", "c"], "cleaned": ["A", "B", "C"]})
    joined = scripts["join"].join_cleaning(part, rows)
    assert joined["cleaned"].tolist() == ["B", "A"]
    assert part["cleaned"].tolist() == ["x", "y"]
    with pytest.raises(SluiceError, match="the id 'b'"):
        scripts["join"].join_cleaning(part, rows[rows["id"] != "b"])


def test_the_advice_is_all_that_was_asked_for_and_each_changes_what_it_says(scripts) -> None:
    entries = scripts["audit"].read_audit(HOME / "advice.yaml").advice
    assert set(ASKED) <= {one.name for one in entries}
    default = scripts["audit"].settings_of(entries[0], PARAMS)
    for one in entries[1:]:
        settings = scripts["audit"].settings_of(one, PARAMS)
        changed = {name for name in settings if settings[name] != default[name]}
        assert changed == {"train", *one.change}  # the variant has the advice's name
        if "train" not in one.change:
            assert settings["train"]["variants"] == {one.name: {}}
    assert default["train"]["seeds"] == [0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cleaning": "gru"}, "cleaning of gru must be default"),
        ({"rows": "gru"}, "rows of gru must be default"),
        ({"change": {"clean": {"steps": {}}}}, "cleaning of gru must be gru"),
        ({"change": {"split": {}}}, "change.split"),
        ({"change": {"train": {"model": {"encoder": "gruu"}}}}, "encoder"),
        ({"name": "stacking"}, "two entries have one name"),
        ({"name": "../x"}, "a-z"),
    ],
)
def test_advice_that_cannot_be_followed_is_refused_before_training(
    change, words, scripts, tmp_path
) -> None:
    entries = [one | change if one["name"] == "gru" else one for one in AUDIT["advice"]]
    (tmp_path / "advice.yaml").write_text(yaml.safe_dump(AUDIT | {"advice": entries}))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    with pytest.raises(SluiceError, match=words):
        scripts["arrange"].arrange(
            tmp_path / "advice.yaml", tmp_path / "settings", tmp_path / "params.yaml"
        )
    assert not (tmp_path / "settings").exists()


@pytest.mark.parametrize("key", ["cleanings", "rows"])
def test_lists_that_do_not_fit_the_advice_are_refused(key, scripts, tmp_path) -> None:
    path = tmp_path / "advice.yaml"
    path.write_text(yaml.safe_dump(AUDIT | {key: AUDIT[key][:-1]}))
    with pytest.raises(SluiceError, match=f"{key} must"):
        scripts["audit"].read_audit(path)


def test_one_seed_is_too_few(scripts, tmp_path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(merge(PARAMS, {"train": {"seeds": [0]}})))
    with pytest.raises(SluiceError, match=r"train\.seeds must be two at least"):
        scripts["compare"].read_seeds(path)


def test_paths_of_commands_are_declared_and_nothing_is_a_metric_of_the_root() -> None:
    check_paths(GRAPH, folders=())
