"""What goes from one workspace to another: what a stage reads, and what it leaves, by DVC's remote.

In: a stage of this workspace, or what another workspace said of it. Out: orders and answers (plain
values, so that neither side needs the other's classes), files, and an entry of `dvc.lock`. Hashes,
fetching, checking out and the writing of `dvc.lock` are DVC's.
"""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException, OutputNotFoundError
from dvc.output import Output
from dvc.repo import Repo
from dvc.rwlock import rwlock
from dvc.stage import PipelineStage
from dvc.stage.loader import StageLoader
from dvc.stage.serialize import to_single_stage_lockfile

from flows.errors import FlowError
from flows.locks import hold_repository

MAX_BYTES = 64 * 2**20
"""Of the files of one stage that DVC does not cache, and that so travel with the answer."""
Entry = dict[str, Any]


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[Repo]:
    """DVC's view of a workspace; what DVC or a store complains of becomes one line."""
    try:
        with Repo(str(root)) as repo:
            yield repo
    except DvcException as error:
        raise FlowError(" ".join(str(error).split())) from error
    except OSError as error:
        raise FlowError(f"the DVC remote: {' '.join(str(error).split())}") from error


def _load(repo: Repo, name: str) -> PipelineStage:
    return repo.stage.collect(name)[0]


def _entry(stage: PipelineStage) -> Entry:
    """What `dvc.lock` holds of a stage, as plain values."""
    content: Entry = json.loads(json.dumps(to_single_stage_lockfile(stage), default=str))
    return content


def check_remote(root: Path) -> None:
    """See that there is a remote, which workspaces can share.

    Raises:
        FlowError: none is configured.
    """
    with _opened(root) as repo:
        if not repo.config["core"].get("remote"):
            raise FlowError(
                "flows.runner: dask needs a DVC remote that all workers share: dvc remote add -d "
                "storage ADDRESS, here and in each worker's clone"
            )


def _owners(repo: Repo, stage: PipelineStage) -> list[Output]:
    """Outputs of other stages that a stage reads, also those in a folder that it reads."""
    found = []
    for dep in stage.deps:
        if not isinstance(dep, ParamsDependency):
            with contextlib.suppress(OutputNotFoundError):
                found += repo.find_outs_by_path(dep.fs_path, recursive=True, strict=False)
    return found


def _move(repo: Repo, outs: Iterable[Output], *, push: bool) -> None:
    """Push cached outputs to the remote, or fetch them from it."""
    transfer = repo.cloud.push if push else repo.cloud.pull
    for out in (out for out in outs if out.use_cache):
        if push and out.changed_cache():
            raise FlowError(f"{out} is not in DVC's cache: run dvc repro, or dvc pull")
        failed = [
            objects
            for odb, objects in out.get_used_objs().items()
            if transfer(objects, odb=odb).failed
        ]
        if failed or out.changed_cache():
            way = "could not be pushed to" if push else "is not in"
            raise FlowError(f"{out} {way} the DVC remote: do both sides use the same one?")


def _inputs(stage: PipelineStage, outs: list[Output]) -> dict[str, list[Entry]]:
    inputs: dict[str, list[Entry]] = {}
    for out in outs:
        if not out.use_cache:
            raise FlowError(
                f"{stage.addressing} reads {out}, which DVC does not cache, and so cannot run "
                "elsewhere: take it out of flows.dask_stages"
            )
        if not out.hash_info:
            raise FlowError(f"{out} is not in dvc.lock: run the stage {out.stage.addressing} first")
        known = _entry(out.stage)["outs"]
        inputs.setdefault(out.stage.addressing, []).extend(
            one for one in known if one["path"] == out.def_path
        )
    return inputs


def make_order(root: Path, name: str, *, force: bool) -> Entry:
    """Say what a stage must find elsewhere, and push what it reads.

    Returns:
        `name`, `force`, `entry` (command, dependencies with their hashes, parameters) and `inputs`
        (what other stages wrote, by stage).

    Raises:
        FlowError: no remote, or an input that cannot travel.
    """
    with _opened(root) as repo:
        with hold_repository(root):
            stage = _load(repo, name)
            outs = _owners(repo, stage)
            inputs = _inputs(stage, outs)
            stage.save_deps()
        entry = _entry(stage)
        entry.pop("outs", None)
        _move(repo, outs, push=True)
    return {"name": name, "force": force, "entry": entry, "inputs": inputs}


def take_inputs(root: Path, order: Entry) -> None:
    """Put what a stage reads in its place, from the remote.

    Raises:
        FlowError: this clone has no such stage or output, or the remote lacks it.
    """
    with _opened(root) as repo:
        for name, known in order["inputs"].items():
            stage = _load(repo, name)
            StageLoader.fill_from_lock(stage, {"outs": known})
            paths = {one["path"] for one in known}
            outs = [out for out in stage.outs if out.def_path in paths]
            _move(repo, outs, push=False)
            for out in outs:
                out.checkout(force=True)


def find_differences(root: Path, order: Entry) -> list[str]:
    """Name what this clone would run otherwise than the order says; empty if nothing."""
    with _opened(root) as repo:
        stage = _load(repo, order["name"])
        stage.save_deps()
        return compare_entries(order["entry"], _entry(stage))


def _flat(entry: Entry) -> dict[str, Any]:
    deps = {one["path"]: one.get("md5", one) for one in entry.get("deps", [])}
    params = entry.get("params", {})
    values = {
        f"{key} of {path}": value for path, found in params.items() for key, value in found.items()
    }
    return deps | values | {"the command": entry.get("cmd")}


def compare_entries(wanted: Entry, own: Entry) -> list[str]:
    """Names of dependencies, parameters and commands in which two entries are not the same."""
    one, other = _flat(wanted), _flat(own)
    missing = object()
    return sorted(
        name for name in {*one, *other} if one.get(name, missing) != other.get(name, missing)
    )


def _plain_files(stage: PipelineStage) -> dict[str, bytes]:
    """Files of outputs that DVC does not cache, by their path in the project."""
    files = {}
    root = Path(stage.repo.root_dir)
    for out in stage.outs:
        top = Path(out.fs_path)
        if not out.use_cache:
            for path in [top] if top.is_file() else sorted(top.rglob("*")):
                if path.is_file():
                    files[path.relative_to(root).as_posix()] = path.read_bytes()
    if sum(map(len, files.values())) > MAX_BYTES:
        raise FlowError(f"{stage.addressing} left more than {MAX_BYTES} bytes outside DVC's cache")
    return files


def hand_over(root: Path, name: str) -> Entry:
    """Push what a stage wrote; give its entry of `dvc.lock`, and the files that DVC does not cache.

    Raises:
        FlowError: the remote does not take it.
    """
    with _opened(root) as repo:
        stage = _load(repo, name)
        _move(repo, stage.outs, push=True)
        return {"entry": _entry(stage), "files": _plain_files(stage)}


def _write_files(root: Path, files: dict[str, bytes], outs: list[Output]) -> None:
    """Write files that came with an answer; only where the stage has outputs."""
    places = [Path(out.fs_path) for out in outs if not out.use_cache]
    for name, content in files.items():
        path = root / name
        if ".." in path.parts or not any(path.is_relative_to(place) for place in places):
            raise FlowError(f"{name} is no output of this stage: not written")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        part.replace(path)


def take_over(root: Path, name: str, answer: Entry) -> None:
    """Fetch what a stage wrote elsewhere, put it in its place, and only then record it as done.

    Raises:
        FlowError: the remote lacks it, or a file is not what the entry says; nothing is recorded.
    """
    with _opened(root) as repo:
        with hold_repository(root):
            stage = _load(repo, name)
        StageLoader.fill_from_lock(stage, answer["entry"])
        _move(repo, stage.outs, push=False)
        paths = [out.fs_path for out in stage.outs]
        words = " ".join(sys.argv)
        with (
            hold_repository(root),
            rwlock(repo.tmp_dir, repo.fs, words, [], paths, hardlink=False),
        ):
            _write_files(root, answer["files"], stage.outs)
            for out in stage.outs:
                out.checkout(force=True)
            wrong = [str(out) for out in stage.outs if out.changed_checksum()]
            if wrong:
                raise FlowError(f"{', '.join(wrong)} came other than the worker said: run it again")
            stage.dump(update_pipeline=False)
