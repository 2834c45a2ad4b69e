"""Write build/ci/report.md and build/ci/plots: the run, and how it differs from the main branch.

Usage: python scripts/ci/report.py

In: a finished run; the branch that a pull request would change, from the environment of GitHub or
GitLab (else the last commit). Out: Markdown for a comment and a page of plots; nothing is posted.
"""

import os
import subprocess
import sys
from pathlib import Path

OUT = Path("build/ci")
MARKER = "<!-- sluice report -->"
TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")


def run(*command: str) -> str | None:
    """What a command printed; None, and its words in the log, where it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout.strip()
    print(f"note: {' '.join(command)}: {done.stderr.strip()[-500:]}", file=sys.stderr)
    return None


def find_base() -> str:
    """The commit to compare with; the last one where the target branch is not there."""
    branch = next((os.environ[name] for name in TARGETS if os.environ.get(name)), None)
    known = branch and run(
        "git", "rev-parse", "--verify", f"refs/remotes/origin/{branch}^{{commit}}"
    )
    return known or run("git", "rev-parse", "HEAD") or sys.exit("error: there is no commit")


def fold(title: str, content: str | None) -> list[str]:
    """A part that opens at a click."""
    said = "(could not be compared: see the log)" if content is None else content
    return ["", f"<details><summary>{title}</summary>", "", said or "No change.", "", "</details>"]


def main() -> None:
    """Write the report of the run in this folder."""
    base = find_base()
    OUT.mkdir(parents=True, exist_ok=True)
    lines = [MARKER, Path("reports/report.md").read_text(encoding="utf-8").strip()]
    lines += fold(f"Metrics against {base[:10]}", run("dvc", "metrics", "diff", "--md", base))
    lines += fold(f"Parameters against {base[:10]}", run("dvc", "params", "diff", "--md", base))
    (OUT / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run("dvc", "plots", "diff", "--out", str(OUT / "plots"), base)


if __name__ == "__main__":
    main()
