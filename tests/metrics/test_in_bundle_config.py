import json

import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor

CONFIG = """
{
  "data": "$[{'image': i, 'label': y} for i, y in zip(@images, @labels)]",
  "keys": ["pred", "label"],
  "key_metric": {
    "_target_": "monai.handlers.IgniteMetricHandler",
    "metric_fn": {"_target_": "cldice_monai.metrics.ClDiceMetric", "metric_name": "cldice"},
    "output_transform": "$monai.handlers.from_engine(@keys)"
  },
  "b0_error": {
    "_target_": "monai.handlers.IgniteMetricHandler",
    "metric_fn": {"_target_": "cldice_monai.metrics.BettiErrorMetric", "dimension": 0},
    "output_transform": "$monai.handlers.from_engine(@keys)"
  },
  "evaluator": {
    "_target_": "monai.engines.SupervisedEvaluator",
    "device": "cpu",
    "val_data_loader": {
      "_target_": "monai.data.DataLoader", "dataset": "@data", "batch_size": 2, "num_workers": 0
    },
    "network": {"_target_": "torch.nn.Identity"},
    "postprocessing": {
      "_target_": "monai.transforms.AsDiscreted", "keys": "pred", "threshold": 0.5
    },
    "key_val_metric": {"val_cldice": "@key_metric"},
    "additional_metrics": {"val_b0_error": "@b0_error"}
  }
}
"""


def evaluator(images, labels):
    parser = ConfigParser({**json.loads(CONFIG), "images": images, "labels": labels})
    parser.parse()
    return parser.get_parsed_content("evaluator")


def bars(n_bars, size):
    """(1, size, size, size) probabilities with straight bars along the last axis."""
    volume = torch.zeros(1, size, size, size)
    for number in range(n_bars):
        volume[0, 4 * number + 2, 4, 2 : size - 2] = 0.9
    return MetaTensor(volume)


def run(size):
    label = (bars(2, size) > 0).float()
    images = [bars(2, size), bars(1, size), bars(3, size)]
    engine = evaluator(images, [label, label, label])
    engine.run()
    return engine


def test_metrics_drive_an_evaluator_written_in_json():
    engine = run(16)
    # Perfect; one of two bars missed (tprec 1, tsens 1/2); one bar too many (tprec 2/3, tsens 1).
    expected = [1.0, 2 / 3, 4 / 5]
    details = engine.state.metric_details["val_cldice"]
    assert details.flatten().tolist() == pytest.approx(expected)
    assert engine.state.metrics["val_cldice"] == pytest.approx(sum(expected) / 3)
    assert engine.state.metrics["val_b0_error"] == pytest.approx(2 / 3)
    assert engine.state.best_metric == pytest.approx(sum(expected) / 3)
    assert engine.state.key_metric_name == "val_cldice"


def test_whole_volumes_of_96_voxels_are_measured():
    assert run(96).state.metrics["val_cldice"] == pytest.approx((1 + 2 / 3 + 4 / 5) / 3)
