"""The bundle's glue: what its configs call between MONAI's own parts."""

from cldice_monai.workflows.best_model import BestModelSaver
from cldice_monai.workflows.check_settings import check_settings
from cldice_monai.workflows.checkpoint import TrainingCheckpoint
from cldice_monai.workflows.default_data import DEFAULT_DATASET_DIR, ensure_default_data
from cldice_monai.workflows.distributed import (
    join_processes,
    leave_processes,
    local_device,
    require_enough_validation,
    require_same_data,
    with_shared_norms,
)
from cldice_monai.workflows.early_stopping import EarlyStopping
from cldice_monai.workflows.epoch_seeds import EpochSeeds
from cldice_monai.workflows.evaluation import run_evaluation, start_evaluation
from cldice_monai.workflows.fit import check_loss, check_network
from cldice_monai.workflows.fixed_norms import with_fixed_norms
from cldice_monai.workflows.fixed_settings import FixedSettings
from cldice_monai.workflows.foreground import foreground_masks
from cldice_monai.workflows.iterations import suggest_training_iter
from cldice_monai.workflows.loss_monitor import LossMonitor
from cldice_monai.workflows.preparation import Preparation
from cldice_monai.workflows.prepare import TrainingData, prepare_training_data
from cldice_monai.workflows.prepare_inference import InferenceData, prepare_inference_data
from cldice_monai.workflows.progress import InferenceProgress, TrainingProgress
from cldice_monai.workflows.save_results import ResultSaver
from cldice_monai.workflows.schedule import learning_rate_schedule
from cldice_monai.workflows.settings import (
    as_filling,
    as_length_mm,
    as_overlap,
    as_switch,
    as_threshold,
)
from cldice_monai.workflows.several_metrics import SeveralMetrics
from cldice_monai.workflows.stale_results import name_stale_results
from cldice_monai.workflows.start import start_workflow
from cldice_monai.workflows.tensorboard_log import TensorBoardLog, logs_to_tensorboard
from cldice_monai.workflows.tensorrt import compile_with_tensorrt
from cldice_monai.workflows.tracking import require_tracking_package
from cldice_monai.workflows.weight_average import WeightAverage, averaged_copy
from cldice_monai.workflows.weights import (
    copy_weights,
    load_weights,
    norm_of,
    read_preparation,
    save_weights,
)

__all__ = [
    "DEFAULT_DATASET_DIR",
    "BestModelSaver",
    "EarlyStopping",
    "EpochSeeds",
    "FixedSettings",
    "InferenceData",
    "InferenceProgress",
    "LossMonitor",
    "Preparation",
    "ResultSaver",
    "SeveralMetrics",
    "TensorBoardLog",
    "TrainingCheckpoint",
    "TrainingData",
    "TrainingProgress",
    "WeightAverage",
    "as_filling",
    "as_length_mm",
    "as_overlap",
    "as_switch",
    "as_threshold",
    "averaged_copy",
    "check_loss",
    "check_network",
    "check_settings",
    "compile_with_tensorrt",
    "copy_weights",
    "ensure_default_data",
    "foreground_masks",
    "join_processes",
    "learning_rate_schedule",
    "leave_processes",
    "load_weights",
    "local_device",
    "logs_to_tensorboard",
    "name_stale_results",
    "norm_of",
    "prepare_inference_data",
    "prepare_training_data",
    "read_preparation",
    "require_enough_validation",
    "require_same_data",
    "require_tracking_package",
    "run_evaluation",
    "save_weights",
    "start_evaluation",
    "start_workflow",
    "suggest_training_iter",
    "with_fixed_norms",
    "with_shared_norms",
]
