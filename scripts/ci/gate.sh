#!/usr/bin/env bash
# Asks the gate. That the champion stays is an answer and no failure of the job.
set -euo pipefail

status=0
sluice promote --no-tags || status=$?
if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
  exit "$status"
fi
