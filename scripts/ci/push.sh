#!/usr/bin/env bash
# Pushes data, models and reports to the DVC remote: before git tells anybody of them.
set -euo pipefail

if ! dvc config core.remote > /dev/null 2>&1; then
  echo "no default DVC remote: nothing was pushed (docs/remotes.md)"
  exit 0
fi
dvc push
