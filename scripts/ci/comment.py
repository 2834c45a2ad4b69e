"""Show build/ci/report.md in the job's summary and as one comment, updated in place.

Usage: python scripts/ci/comment.py

In: the report, and the environment of GitHub Actions or GitLab CI. Out: the summary, then the
comment. A pull request from a fork has a token that may only read: that is said, and is no failure.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

REPORT = Path("build/ci/report.md")
MARKER = "<!-- sluice report -->"
LONGEST = 60_000  # GitHub takes 65,536 characters


class Forge(NamedTuple):
    """Where comments are kept, and how the forge writes and changes one."""

    comments: str
    one: str
    method: str
    headers: dict[str, str]
    mine: dict[str, Any]
    """What the author of our own comments has; nobody else's comment is touched."""


def github() -> Forge | None:
    """The pull request that the event is about."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
    number = event.get("pull_request", {}).get("number")
    if number is None:
        return None
    issues = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    headers = {"Authorization": f"Bearer {os.environ.get('GITHUB_TOKEN', '')}"}
    headers |= {"Accept": "application/vnd.github+json"}
    mine = {"login": "github-actions[bot]"}
    return Forge(f"{issues}/{number}/comments", f"{issues}/comments", "PATCH", headers, mine)


def gitlab(session: requests.Session) -> Forge | None:
    """The merge request that the pipeline is about, if there is a token that may comment."""
    number, token = (os.environ.get(n) for n in ("CI_MERGE_REQUEST_IID", "SLUICE_GITLAB_TOKEN"))
    if not number or not token:
        return None
    api, headers = os.environ["CI_API_V4_URL"], {"PRIVATE-TOKEN": token}
    user = session.get(f"{api}/user", headers=headers, timeout=30)
    user.raise_for_status()
    project = f"{api}/projects/{os.environ['CI_PROJECT_ID']}"
    notes = f"{project}/merge_requests/{number}/notes"
    return Forge(notes, notes, "PUT", headers, {"id": user.json()["id"]})


def find_own(session: requests.Session, forge: Forge) -> int | None:
    """The number of the comment that an earlier run has written."""
    for page in range(1, 31):
        query = {"per_page": 100, "page": page}
        answer = session.get(forge.comments, params=query, headers=forge.headers, timeout=30)
        answer.raise_for_status()
        for comment in answer.json():
            author = comment.get("user") or comment.get("author") or {}
            if comment["body"].startswith(MARKER) and forge.mine.items() <= author.items():
                return int(comment["id"])
        if len(answer.json()) < 100:
            return None
    return None


def post(session: requests.Session, forge: Forge, body: str) -> None:
    """Change our comment, or write the first."""
    found = find_own(session, forge)
    method = "POST" if found is None else forge.method
    address = forge.comments if found is None else f"{forge.one}/{found}"
    answer = session.request(
        method, address, json={"body": body}, headers=forge.headers, timeout=30
    )
    answer.raise_for_status()


def main() -> None:
    """Show the report."""
    body = REPORT.read_text(encoding="utf-8")
    if len(body) > LONGEST:
        body = body[:LONGEST] + "\n\n(cut: the whole report is among the job's files)\n"
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as handle:
            handle.write(body)
    # A second POST could write a second comment: only what may be repeated is.
    patient = Retry(total=3, backoff_factor=1, status_forcelist=[429, 500, 502, 503, 504])
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=patient))
        try:
            forge = github() if "GITHUB_EVENT_PATH" in os.environ else gitlab(session)
            if forge is None:
                print("no comment: there is no pull request here, or no token")
                return
            post(session, forge, body)
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", type(error).__name__)
            print(f"no comment ({status}): the report is in the job's summary", file=sys.stderr)


if __name__ == "__main__":
    main()
