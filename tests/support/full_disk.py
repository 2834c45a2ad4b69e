"""Runs every stage again and again on disks that take no more, and says what became of the files.

Started as `python full_disk.py WORKSPACE [MOUNT]` with the stages (name, cmd, outs) as JSON on its
standard input; MOUNT is a folder where a small tmpfs may be mounted. Prints one JSON object for
each run. Stages run in forks of this process, so that their libraries are imported once.
"""

import gc
import hashlib
import importlib
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from sluice.command import run_stage

PAGE = 4096
FILLER = ".filler"
Stage = dict[str, Any]


def function_of(stage: Stage) -> Any:
    module = shlex.split(stage["cmd"])[2]
    return getattr(importlib.import_module(module), module.rsplit(".", 1)[1])


def be_the_stage(stage: Stage, errors: int, limit: int | None) -> NoReturn:
    """What the command does, in a fork; ends without the tidying that costs a fork its time."""
    os.dup2(errors, 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = shlex.split(stage["cmd"])[2:]
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    status = 1
    try:
        run_stage(function_of(stage))
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def run(stage: Stage, limit: int | None = None) -> tuple[int, str]:
    """Exit status and standard error of the stage's command, run in the current folder."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        be_the_stage(stage, writer, limit)
    os.close(writer)
    with os.fdopen(reader, errors="replace") as handle:
        said = handle.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def files_of(out: str) -> list[Path]:
    path = Path(out)
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def sizes(stage: Stage) -> list[int]:
    return [file.stat().st_size for out in stage["outs"] for file in files_of(out)]


def snapshot() -> dict[str, str]:
    """A hash for each file but the training's scratch."""
    files = (path for path in Path().rglob("*") if path.is_file() and path.parts[0] != ".sluice")
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != FILLER
    }


def observe(stage: Stage, case: str, limit: int | None = None) -> None:
    before = snapshot()
    status, said = run(stage, limit)
    after = snapshot()
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    found = {"status": status, "said": said, "changed": sorted(changed)}
    print(json.dumps({"stage": stage["name"], "case": case, **found}))


def run_limited(stage: Stage) -> None:
    """No file may grow at all; then all but the largest may."""
    for limit in (0, max(sizes(stage)) - 1):
        observe(stage, f"limit {limit}", limit)


def run_refused(stage: Stage) -> None:
    """Each output in turn lands on a device that is always full."""
    for out in stage["outs"]:
        path = Path(out)
        if path.is_dir() or not Path("/dev/full").exists():
            continue
        part = path.with_name(f".{path.name}.part")
        part.symlink_to("/dev/full")
        observe(stage, f"/dev/full {out}")
        if part.is_symlink():  # a stage that failed before it came to write
            part.unlink()


def fill(room: int) -> None:
    """Leave `room` bytes on this file system."""
    with Path(FILLER).open("ab") as handle:
        handle.truncate(0)
        free = os.statvfs(".").f_bavail * os.statvfs(".").f_frsize
        os.posix_fallocate(handle.fileno(), 0, max(free - room, PAGE))


def mount_copy(folder: Path) -> None:
    """A copy of the current folder on a tmpfs with little more room than that, and go there."""
    used = sum(-(-path.stat().st_size // PAGE) * PAGE for path in Path().rglob("*"))
    options = f"size={used + 4 * 2**20}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)
    shutil.copytree(".", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".sluice"))
    os.chdir(folder)


def run_on_full_disk(stage: Stage) -> None:
    """There is room for half of what the stage writes; then, for scratch that it left, enough."""
    pages = sum(-(-size // PAGE) for size in sizes(stage))
    fill(pages // 2 * PAGE)
    observe(stage, f"full disk, {pages // 2} pages free")
    if Path(".sluice").exists():
        Path(FILLER).unlink()
        observe(stage, "emptied disk")
        shutil.rmtree(".sluice")


def main() -> None:
    stages: list[Stage] = json.load(sys.stdin)
    for stage in stages:
        function_of(stage)  # imported before the forks
    print(json.dumps({"stage": "all", "case": "imports", "loaded": sorted(sys.modules)}))
    gc.freeze()
    os.chdir(sys.argv[1])
    for stage in stages:
        observe(stage, "enough room")
    for stage in stages:
        run_limited(stage)
        run_refused(stage)
        observe(stage, "room again")
    if len(sys.argv) > 2:
        mount_copy(Path(sys.argv[2]))
        for stage in stages:
            run_on_full_disk(stage)


if __name__ == "__main__":
    main()
