#!/usr/bin/env bash
# Installs, makes synthetic vessels, trains a 3D U-Net with clDice on them, segments a volume it
# has not seen, segments it once more with the weights that the bundle ships, and says where the
# results are. Safe to run twice; changes no tracked file.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/_environment.sh

make_environment

output=output/quickstart
data=data/synthetic
# Every run of MONAI warns that a config is code; this one is the repository's own.
export PYTHONWARNINGS="ignore:parsing config_file:UserWarning"

monai_bundle() { .venv/bin/python -m monai.bundle run "$@" --bundle_root bundle --dataset_dir "$data"; }

say "1 of 4: training on synthetic vessels, 1 to 4 minutes on 2 cores"
monai_bundle training --config_file bundle/configs/train.json \
    --output_dir "$output" --epochs 40 --num_workers 0

say "2 of 4: segmenting a volume that was not trained on"
monai_bundle --config_file bundle/configs/inference.json \
    --output_dir "$output" --weights "$output/models/model.pt"

say "3 of 4: the same volume with the bundle's own weights, made for any vessels"
monai_bundle --config_file bundle/configs/inference.json --output_dir "$output/shipped"

say "4 of 4: the scores, beside thresholds"
.venv/bin/python scripts/summarise_inference.py "$output" --dataset-dir "$data" \
    --also "bundle's weights=$output/shipped" --min-cldice 0.80
