#!/usr/bin/env bash
# Installs, makes synthetic vessels, trains a 3D U-Net with clDice on them, segments a volume it
# has not seen, and says where the results are. Safe to run twice; changes no tracked file.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/_environment.sh
source scripts/_quickstart.sh

make_environment

output=output/quickstart

say "1 of 3: training on synthetic vessels, 1 to 4 minutes on 2 cores"
train_quickstart .venv/bin/python bundle "$output"

say "2 of 3: segmenting a volume that was not trained on"
segment_quickstart .venv/bin/python bundle "$output"

say "3 of 3: the score, beside thresholds"
.venv/bin/python scripts/summarise_inference.py "$output" --dataset-dir data/synthetic \
    --min-cldice 0.80
