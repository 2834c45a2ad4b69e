"""The service's routes: what they say, what they refuse and why; nothing that is sent is a 500."""

import json
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from exported_model import write_exported
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from stored_model import TEXTS

from sluice.errors import ModelError
from sluice.files import read_json, write_json
from sluice.service.app import Service
from sluice.service.limits import Limits
from sluice.serving.bundle import Bundle, load_bundle
from sluice.serving.contents import THRESHOLDS, Thresholds, write_bundle

LIMITS = Limits(body_bytes=20_000, texts=20, characters=200, queue=64, seconds=20.0)
TOKEN = "correct horse battery staple"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    limits = Thresholds(error_rate=0.1, labels={"bad": 0.0, "good": None})
    return write_exported(tmp_path_factory.mktemp("served") / "bundle", limits)


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    service = Service(Path(), folder, LIMITS, None, False)
    with TestClient(service.guarded, raise_server_exceptions=False) as made:
        yield made


def test_one_text_and_many_get_what_the_bundle_says(client: TestClient, folder: Path) -> None:
    mine = load_bundle(folder).answer(TEXTS)
    many = client.post("/predict", json={"texts": TEXTS})
    assert many.status_code == 200
    assert many.json()["model"] == str(folder)
    for place, said in enumerate(many.json()["answers"]):
        assert said["label"] == mine.labels[place]
        assert said["abstained"] == bool(mine.abstained[place])
        wanted = dict(zip(("bad", "good"), mine.probabilities[place], strict=True))
        assert said["probabilities"] == pytest.approx(wanted, abs=1e-6)
    one = client.post("/predict", json={"texts": TEXTS[0]}).json()["answers"]
    assert len(one) == 1
    assert one[0]["label"] == mine.labels[0]


def test_words_are_explained(client: TestClient) -> None:
    said = client.post("/explain", json={"text": "I do not like it", "label": "bad"}).json()
    assert said["words"] == ["i", "do", "not", "like", "it"]
    assert (said["label"], said["method"], len(said["parts"])) == ("bad", "erasure", 5)


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "malformed JSON": ({"content": '{"texts": '}, 400, "not JSON"),
    "binary garbage": ({"content": bytes(range(256))}, 400, "body"),
    "invalid UTF-8": ({"content": b'{"texts": "\xff\xfe"}'}, 400, "body"),
    "deep nesting": ({"content": "[" * 9000}, 400, "body"),
    "half a surrogate": ({"content": '{"texts": "\\ud800"}'}, 422, "texts"),
    "no body": ({"content": ""}, 422, "body"),
    "an array": ({"content": "[1]"}, 422, "body"),
    "missing key": ({"json": {}}, 422, "texts: Field required"),
    "an unknown key": ({"json": {"texts": "a", "secret": "b"}}, 422, "a key is unknown"),
    "no texts": ({"json": {"texts": []}}, 422, "texts"),
    "10,000 texts": ({"json": {"texts": ["a"] * 10_000}}, 413, "at most 20,000 bytes"),
    "too many texts": ({"json": {"texts": ["a"] * 21}}, 422, "texts"),
    "a long text": ({"json": {"texts": "a" * 201}}, 422, "texts"),
    "a number": ({"json": {"texts": [1]}}, 422, "texts"),
    "a long body": ({"content": "[" + " " * 30_000 + "]"}, 413, "at most 20,000 bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_its_reason_and_the_service_stays(client: TestClient, name: str) -> None:
    sent, status, reason = BAD[name]
    headers = {"content-type": "application/json"}
    answer = client.post("/predict", headers=headers, **sent)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]
    assert "secret" not in answer.text
    assert client.post("/predict", json={"texts": "still there"}).status_code == 200


def test_a_body_without_a_length_is_counted_too(client: TestClient) -> None:
    parts = (b" " * 5000 for _ in range(5))
    headers = {"content-type": "application/json"}
    assert client.post("/predict", content=parts, headers=headers).status_code == 413


def test_other_ways_in_are_refused(client: TestClient) -> None:
    assert client.post("/predict", content="texts=a").status_code == 415
    plain = client.post(
        "/predict", content='{"texts": "a"}', headers={"content-type": "text/plain"}
    )
    assert plain.status_code == 415
    assert "application/json" in plain.json()["detail"]
    assert client.get("/predict").status_code == 405
    assert client.get("/predict/../secret").status_code == 404
    unknown = client.post("/explain", json={"text": "a", "label": "ugly"})
    assert unknown.status_code == 422
    assert unknown.json()["detail"] == "unknown label 'ugly'; the model knows: bad, good"


def test_states_and_figures(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json()["status"] == "ok"
    client.post("/predict", json={"texts": ["a", "b"]})
    page = client.get("/metrics").text
    assert 'sluice_requests_total{path="/predict",status="200"}' in page
    assert "sluice_waiting_texts 0.0" in page
    assert 'sluice_batch_texts_bucket{le="2.0"}' in page


def test_the_page_runs_its_own_script_alone(client: TestClient) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "innerHTML" not in page.text
    assert "//" not in page.text.partition("<script>")[0]  # nothing from elsewhere
    assert page.headers["x-content-type-options"] == "nosniff"


def test_a_token_is_asked_for_where_there_is_one(folder: Path) -> None:
    service = Service(Path(), folder, LIMITS, TOKEN, False)
    with TestClient(service.guarded) as client:
        for path in ("/health", "/ready", "/", "/openapi.json"):
            assert client.get(path).status_code == 200, path
        for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}):
            answer = client.post("/predict", json={"texts": "a"}, headers=given)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert client.get("/metrics", headers=given).status_code == 401
        right = {"authorization": f"Bearer {TOKEN}"}
        assert client.post("/predict", json={"texts": "a"}, headers=right).status_code == 200
        assert client.get("/metrics", headers=right).status_code == 200


@pytest.mark.parametrize("log", [False, True])
def test_texts_are_logged_only_where_told(folder: Path, log: bool, caplog) -> None:
    caplog.set_level(logging.INFO)
    with TestClient(Service(Path(), folder, LIMITS, None, log).guarded) as client:
        assert client.post("/predict", json={"texts": "my s3cret\nday"}).status_code == 200
        assert client.get("/my-s3cret-path").status_code == 404
    ours = [one.getMessage() for one in caplog.records if one.name == "sluice.serve"]
    assert any(line.startswith("POST /predict 200") for line in ours)
    assert any(line.startswith("GET other 404") for line in ours)
    found = [line for line in ours if "s3cret" in line]
    assert found == (["texts: ['my s3cret\\nday']"] if log else [])


def test_what_takes_too_long_or_is_too_much_is_told(folder: Path, monkeypatch) -> None:
    service = Service(Path(), folder, Limits(seconds=0.3, queue=2), None, False)
    may, whole = threading.Event(), Bundle.answer

    def slow(bundle: Bundle, texts: list[str]) -> Any:
        may.wait(20)
        return whole(bundle, texts)

    with TestClient(service.guarded) as client:
        monkeypatch.setattr(Bundle, "answer", slow)
        late = client.post("/predict", json={"texts": "a"})
        assert (late.status_code, "no answer within" in late.json()["detail"]) == (504, True)
        full = client.post("/predict", json={"texts": ["a", "b", "c"]})
        assert full.status_code == 503
        assert full.headers["retry-after"] == "1"
        may.set()
        assert client.post("/predict", json={"texts": "a"}).status_code == 200


def test_a_draining_service_is_not_ready(folder: Path) -> None:
    service = Service(Path(), folder, LIMITS, None, False)
    with TestClient(service.guarded) as client:
        service.app.state.draining = True
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
        assert client.post("/predict", json={"texts": "a"}).status_code == 200


def test_another_bundle_takes_the_place_and_a_broken_one_does_not(
    folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "bundle"
    shutil.copytree(folder, place)
    service = Service(Path(), place, LIMITS, None, False)
    first = service.live.chosen
    assert not service.live.refresh()
    write_json(read_json(place / THRESHOLDS) | {"labels": {}}, place / THRESHOLDS)
    write_bundle(place, Thresholds(labels={"bad": 0.5}), {})
    assert service.live.refresh()
    assert service.live.chosen is not first
    assert service.live.chosen.bundle.thresholds.labels == {"bad": 0.5}
    (place / "bundle.json").write_text('{"format": 2, "files": {}}')
    kept = service.live.chosen
    assert not service.live.refresh()
    assert service.live.chosen is kept
    page = service.figures.page().decode()
    assert 'sluice_model_loads_total{outcome="loaded"} 1.0' in page
    assert 'sluice_model_loads_total{outcome="refused"} 1.0' in page
    with pytest.raises(ModelError, match="has format 2"):
        Service(Path(), place, LIMITS, None, False)


# A fuzz from the service's own description


def drawn(schema: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a JSON schema allows, of the kinds that the service's bodies have."""
    if "$ref" in schema:
        return drawn(whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], whole)
    if "anyOf" in schema:
        return st.one_of([drawn(one, whole) for one in schema["anyOf"]])
    if schema["type"] == "null":
        return st.none()
    if schema["type"] == "string":
        return st.text(st.characters(exclude_categories=("Cs",)), max_size=schema.get("maxLength"))
    if schema["type"] == "array":
        low, high = schema["minItems"], schema["maxItems"]
        return st.lists(drawn(schema["items"], whole), min_size=low, max_size=high)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    fields = {name: drawn(one, whole) for name, one in schema["properties"].items()}
    needed = {name: fields.pop(name) for name in schema["required"]}
    return st.fixed_dictionaries(needed, optional=fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["texts", "text", "label", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FUZZ = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def check(client: TestClient, whole: dict[str, Any], path: str, content: bytes) -> int:
    """Send a body; the answer must be one that the description knows, in its form."""
    answer = client.post(path, content=content, headers={"content-type": "application/json"})
    known = whole["paths"][path]["post"]["responses"]
    assert str(answer.status_code) in known, answer.text
    schema = known[str(answer.status_code)]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), schema | {"components": whole["components"]})
    return answer.status_code


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_what_the_description_allows_is_answered(client: TestClient, path: str) -> None:
    whole = client.get("/openapi.json").json()
    body = whole["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]

    @FUZZ
    @given(drawn(body, whole))
    def fuzz(value: Any) -> None:
        content = json.dumps(value, ensure_ascii=False).encode()
        status = check(client, whole, path, content)
        unknown = value.get("label") not in (None, "bad", "good")
        wanted = 422 if unknown else 200
        assert status == (413 if len(content) > LIMITS.body_bytes else wanted)

    fuzz()


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_what_it_does_not_allow_is_refused(client: TestClient, path: str) -> None:
    whole = client.get("/openapi.json").json()
    body = whole["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = body | {"components": whole["components"]}

    @FUZZ
    @given(JSON)
    def fuzz(value: Any) -> None:
        status = check(client, whole, path, json.dumps(value).encode())
        if not jsonschema.Draft202012Validator(schema).is_valid(value):
            assert 400 <= status < 500

    fuzz()

    @FUZZ
    @given(st.binary(max_size=300))
    def garbage(content: bytes) -> None:
        assert 400 <= check(client, whole, path, content) < 500

    garbage()
