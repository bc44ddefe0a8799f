#!/bin/bash
# Ten workers on a cluster: sbatch deploy/slurm/workers.sh. See docs/many-machines.md.
#SBATCH --job-name=face-mirror
#SBATCH --array=1-10
#SBATCH --cpus-per-task=4
#SBATCH --mem=6G
#SBATCH --time=12:00:00
# Two minutes before the end, the worker is told to give back what it cannot finish.
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
set -euo pipefail

: "${FACEMIRROR_QUEUE:?set it to the address of the queue, such as rediss://host:6379/0}"
: "${STUDY:?set it to the folder of the study, as the nodes know it}"

# The shell waits, so that it hears SIGTERM at once and passes it on.
facemirror worker --root "$STUDY" --grace 90 --until-empty &
worker=$!
trap 'kill -TERM "$worker"' TERM
wait "$worker" || wait "$worker"
