#!/usr/bin/env bash
# Commits what the run has made, and pushes cache, commit and tags, in this order.
# If the branch has moved meanwhile, the commit is rebased; where that meets a conflict, it goes to
# a branch of its own and the job fails: two results of dvc.lock cannot be merged by a machine.
set -euo pipefail

branch="${GITHUB_REF_NAME:-${CI_COMMIT_BRANCH:?say the branch in CI_COMMIT_BRANCH}}"
target="refs/heads/$branch"

"$(dirname "$0")/push.sh"

mkdir -p registry
git add --all -- dvc.lock reports registry
if git diff --cached --quiet; then
  echo "nothing has changed: there is nothing to commit"
else
  git commit --quiet --message "Retrain: new results and decision"
fi

if ! git push --quiet origin "HEAD:$target"; then
  git fetch --quiet origin "$target"
  if ! git rebase --quiet FETCH_HEAD; then
    git rebase --abort
    aside="retrain-$(git rev-parse --short HEAD)"
    git push --quiet origin "HEAD:refs/heads/$aside"
    echo "::error::$branch has moved and contradicts this run: its results are on $aside"
    exit 1
  fi
  git push --quiet origin "HEAD:$target"
fi

if [ -e registry/champion.json ]; then
  sluice git-tags || echo "::warning::no tags were written: see above"
  git push --quiet origin --tags
fi
