# Sourced by quickstart.sh and by make_quickstart_model.py: the two runs of the bundle and their
# settings, in one place. Both functions take PYTHON BUNDLE OUTPUT_DIR, and keep the synthetic
# volumes in data/synthetic below the current folder.

# Every run of MONAI warns that a config is code; this one is the repository's own.
export PYTHONWARNINGS="ignore:parsing config_file:UserWarning"

train_quickstart() {
    "$1" -m monai.bundle run training --bundle_root "$2" --config_file "$2/configs/train.json" \
        --dataset_dir data/synthetic --output_dir "$3" --epochs 40 --num_workers 0
}

segment_quickstart() {
    "$1" -m monai.bundle run --bundle_root "$2" --config_file "$2/configs/inference.json" \
        --dataset_dir data/synthetic --weights "$3/models/model.pt" --output_dir "$3"
}
