"""The model at work: one text, many texts, a cold start, a service; prints one JSON object.

The other side is scikit-learn's: TF-IDF of word 1-2-grams and character 3-5-grams into a logistic
regression, as stage `baseline` has it, on 10,000 of the bundled tweets. Ours is the default
variant's shape (`wide_bilstm` of params.yaml) with its reader fitted on the same tweets and random
weights: what the weights are changes no time. Both clean or cut raw texts themselves. Single texts
are asked of one after the other by turns, on one thread; batches by turns, ours on all cores.
Ratios are medians of repeats within this one run.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import yaml
from onnxruntime.quantization import QuantType, quantize_dynamic
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from tweets import make_rows

from sluice.files import write_json
from sluice.models.config import FORMAT, NetworkConfig
from sluice.models.linear import LinearParams, ngram_features
from sluice.models.storage import round_weights, save_weights
from sluice.serving.bundle import Bundle, open_model
from sluice.serving.export import export_folder
from sluice.serving.portable import NETWORK, PortableModel
from sluice.text.cleaning import Steps, clean_list
from sluice.text.reader import fit_reader
from sluice.variants import Train

ROOT = Path(__file__).parents[1]
SINGLES, WARM, ROWS, REPEATS = 1000, 200, 20_000, 5
FITTED = 10_000
"""Tweets that both sides are fitted on."""
CALLERS, CALLS = 8, 200
COMMAND = "from sluice.cli import main\nmain()"
COLD = """
from pathlib import Path
import sys
from sluice.serving.bundle import open_model
open_model(Path(sys.argv[1])).answer(["what a lovely day"])
"""


def make_bundle(texts: list[str], labels: list[str], folder: Path) -> Path:
    """Export a network of the default shape, its reader fitted on the texts."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    settings = Train.model_validate_json(json.dumps(params)).settings("wide_bilstm")
    reader = fit_reader(clean_list(texts, Steps()), settings.tokens, settings.ngrams)
    config = NetworkConfig(
        format=FORMAT,
        name="wide_bilstm",
        seed=0,
        labels=tuple(sorted(set(labels))),
        vocabulary_size=len(reader.vocabulary),
        ngram_features=settings.ngram_features,
        network=settings.model,
        cleaning=Steps().model_dump(mode="json"),
    )
    torch.manual_seed(0)
    network = config.build()
    source = folder / "source"
    source.mkdir()
    save_weights(round_weights(network.state_dict()), source / "model.safetensors")
    write_json(json.loads(config.model_dump_json()), source / "config.json")
    write_json(reader.describe(), source / "vocabulary.json")
    export_folder(source, folder / "bundle")
    return folder / "bundle"


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare_singles(bundle: Bundle, other: Pipeline, texts: list[str]) -> dict[str, Any]:
    """Milliseconds of single texts, by turns; every text is new to both."""
    ours, theirs = [], []
    for text in texts:
        ours.append(1000 * timed(lambda text=text: bundle.answer([text])))
        theirs.append(1000 * timed(lambda text=text: other.predict_proba([text])))
    found = {
        name: {
            "p50": float(np.quantile(taken[WARM:], 0.5)),
            "p99": float(np.quantile(taken[WARM:], 0.99)),
        }
        for name, taken in (("onnx", ours), ("tfidf", theirs))
    }
    return found | {"p50_over_tfidf": found["onnx"]["p50"] / found["tfidf"]["p50"]}


def compare_batches(bundle: Bundle, other: Pipeline, texts: list[str]) -> dict[str, float]:
    """Rows per second of many texts, by turns."""
    bundle.answer(texts[:500]), other.predict_proba(texts[:500])
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(len(texts) / timed(lambda: bundle.answer(texts)))
        theirs.append(len(texts) / timed(lambda: other.predict_proba(texts)))
    return {
        "onnx": statistics.median(ours),
        "tfidf": statistics.median(theirs),
        "over_tfidf": statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
    }


def compare_int8(bundle: Bundle, folder: Path, texts: list[str]) -> dict[str, float]:
    """Rows per second of the network with int8 weights over float32, and how far it is off."""
    model = bundle.model
    assert isinstance(model, PortableModel)
    quantize_dynamic(
        folder / NETWORK,
        folder.parent / "int8.onnx",
        # Those of the loop that many rows go through: the quantiser fails at an LSTM in a branch.
        op_types_to_quantize=["MatMul", "Gemm"],
        weight_type=QuantType.QInt8,
        extra_options={"EnableSubgraph": True},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder.parent / "int8.onnx", options)
    small = model._replace(session=session)
    cleaned = model.clean(texts)
    ratios = []
    for _ in range(REPEATS):
        whole = timed(lambda: model.logits(cleaned))
        ratios.append(whole / timed(lambda: small.logits(cleaned)))
    first, second = model.logits(cleaned), small.logits(cleaned)
    return {
        "over_fp32": statistics.median(ratios),
        "largest_difference_of_a_logit": float(abs(first - second).max()),
        "other_labels": int((first.argmax(1) != second.argmax(1)).sum()),
        "rows": len(texts),
    }


def start_times(bundle: Path) -> dict[str, float]:
    """Median seconds of new processes, the interpreter's own start included."""
    commands = {
        "python": ["-c", ""],
        "import_sluice": ["-c", "import sluice"],
        "help": ["-c", COMMAND, "--help"],
        "first_prediction": ["-c", COLD, str(bundle)],
    }
    found = {}
    for name, words in commands.items():
        taken = [
            timed(
                lambda words=words: subprocess.run(
                    [sys.executable, *words], check=True, stdout=subprocess.DEVNULL
                )
            )
            for _ in range(REPEATS + 1)
        ]
        found[name] = statistics.median(taken[1:])
    return found


def call(port: int, texts: list[str], said: list[tuple[int, float]]) -> None:
    """Ask a service about texts one by one, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"}
    for text in texts:
        started = time.perf_counter()
        connection.request("POST", "/predict", json.dumps({"texts": text}), headers)
        answer = connection.getresponse()
        answer.read()
        said.append((answer.status, time.perf_counter() - started))
    connection.close()


def load(bundle: Path, texts: list[str], *options: str) -> dict[str, Any]:
    """A service on loopback under several callers at once."""
    command = [sys.executable, "-c", COMMAND, "serve", "--model", str(bundle), "--port", "0"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = next(line for line in process.stderr if "http://" in line)
    port = int(line.split("http://127.0.0.1:")[1].split(",")[0])
    drain = threading.Thread(target=process.stderr.read, daemon=True)
    drain.start()
    said: list[tuple[int, float]] = []
    parts = [texts[place * CALLS : (place + 1) * CALLS] for place in range(CALLERS)]
    threads = [threading.Thread(target=call, args=(port, part, said)) for part in parts]
    try:
        seconds = timed(lambda: ([one.start() for one in threads], [one.join() for one in threads]))
    finally:
        process.terminate()
        ended = process.wait(60)
    good = [taken for status, taken in said if status == 200]
    return {
        "callers": CALLERS,
        "calls": len(said),
        "answered": len(good),
        "refused": sum(status == 503 for status, _ in said),
        "failed": sum(status not in (200, 503) for status, _ in said),
        "calls_per_second": len(said) / seconds,
        "p50_ms": 1000 * float(np.quantile(good, 0.5)),
        "p99_ms": 1000 * float(np.quantile(good, 0.99)),
        "exit_status": ended,
    }


def main() -> None:
    """Measure and print."""
    os.environ.pop("SLUICE_TOKEN", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = make_rows(folder)
        rows = rows.sample(FITTED + ROWS, random_state=0)
        texts, labels = rows["text"].to_list(), rows["label"].to_list()
        place = make_bundle(texts[:FITTED], labels, folder)
        bundle = open_model(place)
        other = make_pipeline(ngram_features(LinearParams()), LogisticRegression(max_iter=50))
        other.fit(texts[:FITTED], labels[:FITTED])
        # other tweets, each a little changed, so that neither side has met the very text
        asked = [f"{text} {number}" for number, text in enumerate(texts[-ROWS:])]
        result = {
            "single_ms": compare_singles(bundle, other, asked[: SINGLES + WARM]),
            "rows_per_second": compare_batches(bundle, other, asked),
            "int8": compare_int8(bundle, place, asked[:2000]),
            "seconds": start_times(place),
            "service": load(place, asked),
            "small_queue": load(place, asked, "--queue", "2"),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
