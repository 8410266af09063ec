#!/usr/bin/env bash
# Pre-training on one machine, a process for each GPU:
#
#     launch/one_machine.sh PRESET --data SOURCE [SOURCE:WEIGHT …] --out RUN [any field of the preset]
#
# PROCESSES   how many (default: GPUs, else 1); the batch must be a multiple of it
# RESTARTS    how often torchrun starts all of them again when one has died (default 3); they go on by themselves
# PYTHON      the interpreter (default python)
# TORCH_ELASTIC_SHUTDOWN_TIMEOUT   seconds that processes have to save after SIGTERM, before torchrun kills them (150)
set -euo pipefail
cd "$(dirname "$0")/.."
export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=${TORCH_ELASTIC_SHUTDOWN_TIMEOUT:-150} # torchrun's own is 30
gpus=$( (nvidia-smi --list-gpus 2>/dev/null || true) | wc -l)
exec "${PYTHON:-python}" -m torch.distributed.run --standalone --nproc-per-node "${PROCESSES:-$((gpus > 0 ? gpus : 1))}" \
    --max-restarts "${RESTARTS:-3}" -m vatt_edu.cli pretrain "$@"
