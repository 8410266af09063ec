#!/usr/bin/env bash
# Pre-training on a rented machine (Linux, Python >= 3.11, a driver if it has GPUs), from a copy of this repository:
#
#     launch/cloud.sh PRESET --data SOURCE [SOURCE:WEIGHT …] --out RUN [any field of the preset]
#
# It makes an environment, trains, and stays alive when the terminal is closed: RUN.txt holds what it prints. A machine
# that is taken away sends SIGTERM: the processes save. The same command on the next machine goes on, if RUN lies on a
# disk that stays.
#
# VENV    the environment (default .venv; what is there is used)
# PROCESSES, RESTARTS, TORCH_ELASTIC_SHUTDOWN_TIMEOUT: as in launch/one_machine.sh
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
if [ ! -x "$venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --constraint constraints.txt ".[train,data]"
fi
run=run
for ((i = 1; i < $#; i++)); do
    if [ "${!i}" = --out ]; then next=$((i + 1)) && run=${!next}; fi
done
PYTHON="$venv/bin/python" nohup launch/one_machine.sh "$@" --resume > >(tee -a "${run%/}.txt") 2>&1 &
training=$!
trap 'kill -TERM "$training"' TERM INT
code=0
wait "$training" || code=$?
while kill -0 "$training" 2>/dev/null; do # it saves
    code=0
    wait "$training" || code=$?
done
exit "$code"
