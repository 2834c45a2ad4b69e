#!/usr/bin/env bash
# Fetches what the DVC remote has and looks at each file; `dvc repro` makes what is not there.
# A remote that cannot be reached, as from a fork without keys, costs time and no correctness.
set -euo pipefail

if ! dvc config core.remote > /dev/null 2>&1; then
  echo "no default DVC remote: everything is made here (docs/remotes.md)"
  exit 0
fi
if ! dvc pull --allow-missing; then
  echo "::warning::the DVC remote gave no data: dvc repro makes what is missing"
fi

status=0
sluice verify || status=$?
if [ "$status" -eq 3 ]; then
  echo "::warning::damaged or changed files: see above"
elif [ "$status" -ne 0 ]; then
  exit "$status"
fi
