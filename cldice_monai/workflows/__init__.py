"""The bundle's glue: what its configs call between MONAI's own parts."""

from cldice_monai.workflows.best_model import BestModelSaver
from cldice_monai.workflows.checkpoint import TrainingCheckpoint
from cldice_monai.workflows.default_data import DEFAULT_DATASET_DIR, ensure_default_data
from cldice_monai.workflows.distributed import (
    join_processes,
    leave_processes,
    local_device,
    require_same_data,
)
from cldice_monai.workflows.epoch_seeds import EpochSeeds
from cldice_monai.workflows.iterations import suggest_training_iter
from cldice_monai.workflows.prepare import (
    InferenceData,
    TrainingData,
    prepare_inference_data,
    prepare_training_data,
)
from cldice_monai.workflows.progress import InferenceProgress, TrainingProgress
from cldice_monai.workflows.save_results import ResultSaver
from cldice_monai.workflows.settings import as_length_mm, as_switch
from cldice_monai.workflows.stale_results import name_stale_results
from cldice_monai.workflows.start import start_workflow
from cldice_monai.workflows.tensorrt import compile_with_tensorrt
from cldice_monai.workflows.weights import load_weights, save_weights

__all__ = [
    "DEFAULT_DATASET_DIR",
    "BestModelSaver",
    "EpochSeeds",
    "InferenceData",
    "InferenceProgress",
    "ResultSaver",
    "TrainingCheckpoint",
    "TrainingData",
    "TrainingProgress",
    "as_length_mm",
    "as_switch",
    "compile_with_tensorrt",
    "ensure_default_data",
    "join_processes",
    "leave_processes",
    "load_weights",
    "local_device",
    "name_stale_results",
    "prepare_inference_data",
    "prepare_training_data",
    "require_same_data",
    "save_weights",
    "start_workflow",
    "suggest_training_iter",
]
