"""Promotion, approval and rollback, with processes that are killed and that collide."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from judged_project import write_challenger, write_params
from workspace import environment

from sluice.errors import ModelError, ParamsError, RegistryError
from sluice.files import read_json
from sluice.registry import promotion
from sluice.registry.decisions import Decision
from sluice.registry.judging import judge_challenger
from sluice.registry.listing import describe_champion, list_versions
from sluice.registry.pointer import locked, read_pointer
from sluice.registry.records import read_record, read_records
from sluice.registry.versions import verify_version

# Forks a promotion again and again; each child kills itself one step later than the one before. A
# step is a rename, a removal, or an fsync.
KILLED = """
import json, os, signal
from pathlib import Path
from sluice.params import parse_section
from sluice.registry.decisions import Decision
from sluice.registry import promotion

left = 0
def counting(call):
    def wrapped(*args, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **options)
    return wrapped

decision = parse_section(json.loads(Path("decision.json").read_text()), Decision, "decision")
for step in range(1, 100):
    child = os.fork()
    if not child:
        left = step
        Path.replace, Path.rename = counting(Path.replace), counting(Path.rename)
        Path.unlink, os.fsync = counting(Path.unlink), counting(os.fsync)
        promotion.promote(Path(), decision)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    champion = json.loads(Path("registry/champion.json").read_text())["changes"][-1]["version"]
    print(json.dumps([status, champion]), flush=True)
    if champion != 1 or status != -signal.SIGKILL:
        break
"""
HOLDING = """
import sys, time
from pathlib import Path
from sluice.registry.pointer import locked
with locked(Path()):
    print("held", flush=True)
    time.sleep(60)
"""


def python(project: Path, code: str, *words: str) -> subprocess.Popen:
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(
        command, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.fixture
def better(crowned) -> Decision:
    """The judgement of a challenger that passes."""
    write_challenger(crowned, hidden=9)  # the same files would be no new version
    decision = judge_challenger(crowned)
    assert decision.passed, decision.failed
    (crowned / "decision.json").write_text(decision.model_dump_json())
    return decision


def test_promotion_stores_a_version_with_its_record(crowned, better) -> None:
    record = promotion.promote(crowned, better)
    assert (record.action, record.version, record.champion) == ("promoted", 2, 1)
    assert read_pointer(crowned).champion == 2
    assert read_record(crowned, record.number) == record
    page = (crowned / f"registry/decisions/{record.number}.md").read_text()
    assert "promoted lstm-0 to version 2: challenger +2" in page
    assert all(f"| {check.name} | passed |" in page for check in better.checks)
    folder = crowned / "registry/versions/2/model"
    for name in better.files:
        assert (folder / name).read_bytes() == (crowned / "models/lstm/0" / name).read_bytes()
    assert [one.state for one in list_versions(crowned)] == ["former", "champion"]


def test_a_refusal_is_recorded_and_moves_nothing(crowned) -> None:
    write_challenger(crowned, range(90))
    record = promotion.promote(crowned, judge_challenger(crowned))
    assert (record.action, record.version) == ("kept", None)
    assert read_pointer(crowned).champion == 1
    assert [one.action for one in read_records(crowned)] == ["promoted", "kept"]
    assert not (crowned / "registry/versions/2").exists()


def test_force_needs_a_reason_and_keeps_it(crowned) -> None:
    write_challenger(crowned, range(90), hidden=9)
    decision = judge_challenger(crowned)
    with pytest.raises(ParamsError, match="--force needs --reason"):
        promotion.promote(crowned, decision, force=True, reason=" ")
    record = promotion.promote(crowned, decision, force=True, reason="a <b>demo</b>")
    assert (record.action, record.version) == ("forced", 2)
    page = (crowned / f"registry/decisions/{record.number}.md").read_text()
    assert "failed: floor" in page
    assert "<b>" not in page


def test_the_champion_itself_is_no_new_version(crowned) -> None:
    with pytest.raises(RegistryError, match="is version 1 already"):
        promotion.promote(crowned, judge_challenger(crowned))


def test_a_model_that_changed_since_its_judgement_is_refused(crowned, better) -> None:
    path = crowned / "models/lstm/0/config.json"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(RegistryError, match="has changed since it was judged"):
        promotion.promote(crowned, better)
    assert not (crowned / "registry/versions/2").exists()


def test_a_decision_against_an_earlier_champion_is_refused(crowned, better) -> None:
    promotion.promote(crowned, better)
    with pytest.raises(RegistryError, match=r"is version 2, and .* judged against 1"):
        promotion.promote(crowned, better)


def test_approval_waits_and_is_finished(crowned, better) -> None:
    write_params(crowned, approval="manual")
    record = promotion.promote(crowned, judge_challenger(crowned))
    assert (record.action, record.moved) == ("waiting", False)
    assert read_pointer(crowned).champion == 1
    assert list_versions(crowned)[-1].state == "waiting"
    approved = promotion.approve(crowned, "looks good")
    assert (approved.action, approved.version, approved.of) == ("approved", 2, record.number)
    assert read_pointer(crowned).champion == 2
    with pytest.raises(RegistryError, match="nothing waits"):
        promotion.approve(crowned)


def test_what_waits_can_be_rejected(crowned, better) -> None:
    write_params(crowned, approval="manual")
    promotion.promote(crowned, judge_challenger(crowned))
    assert promotion.reject(crowned).action == "rejected"
    assert read_pointer(crowned).champion == 1
    assert list_versions(crowned)[-1].state == "unused"


def test_rollback_and_back_again(crowned, better) -> None:
    promotion.promote(crowned, better)
    assert promotion.rollback(crowned, reason="complaints").version == 1
    assert "rolled back to version 1: complaints" in describe_champion(crowned)
    assert promotion.rollback(crowned, 2).version == 2
    with pytest.raises(RegistryError, match="version 2 is the champion already"):
        promotion.rollback(crowned, 2)
    with pytest.raises(RegistryError, match="no version 7; versions: 1, 2"):
        promotion.rollback(crowned, 7)


def test_rollback_to_a_corrupt_version_is_refused_by_the_files_name(crowned, better) -> None:
    promotion.promote(crowned, better)
    (crowned / "registry/versions/1/model/vocabulary.json").write_text("{}")
    with pytest.raises(ModelError, match=r"versions/1/model/vocabulary\.json is not the file"):
        promotion.rollback(crowned)
    assert read_pointer(crowned).champion == 2


def test_rollback_without_anything_before(crowned) -> None:
    with pytest.raises(RegistryError, match="only champion"):
        promotion.rollback(crowned)


def test_kill_at_every_step_leaves_the_old_or_the_new_champion(crowned, better) -> None:
    out, said = python(crowned, KILLED).communicate(timeout=60)
    found = [json.loads(line) for line in out.splitlines()]
    assert len(found) >= 10, said.decode()  # the pointer moves after that many steps
    assert {status for status, _ in found} == {-signal.SIGKILL}
    assert [champion for _, champion in found[:-1]] == [1] * (len(found) - 1)
    champion = found[-1][1]
    assert champion > 1
    states = {one.version: one.state for one in list_versions(crowned)}
    assert states.pop(champion) == "champion"
    assert states.pop(1) == "former"
    assert set(states.values()) == {"unused"}  # cut off
    assert verify_version(crowned, read_pointer(crowned)).version == champion
    assert promotion.rollback(crowned).version == 1


def test_two_at_once_the_second_is_refused_and_told_who_holds_it(crowned, better) -> None:
    holder = python(crowned, HOLDING)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RegistryError, match=f"process {holder.pid} is changing the registry"):
            promotion.promote(crowned, better)
    finally:
        holder.kill()
        holder.communicate()
    assert (crowned / "registry/.lock").read_text().strip() == str(holder.pid)  # stale, and free
    assert promotion.promote(crowned, better).action == "promoted"


def test_the_lock_is_free_after_an_error(crowned) -> None:
    with pytest.raises(ValueError, match="x"), locked(crowned):
        raise ValueError("x")
    with locked(crowned):
        pass


def test_a_broken_pointer_is_an_error(crowned) -> None:
    path = crowned / "registry/champion.json"
    path.write_text(json.dumps(read_json(path) | {"changes": []}))
    with pytest.raises(RegistryError, match=r"champion\.json\.changes: .*restore the file"):
        read_pointer(crowned)
