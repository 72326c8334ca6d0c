"""The bundle's configs, run in the process of the test."""

from __future__ import annotations

from monai.bundle import ConfigWorkflow

from tests.conftest import ROOT

__all__ = ["bundle_workflow", "run_configs"]

BUNDLE = ROOT / "bundle"


def bundle_workflow(*configs: str, **settings: object) -> ConfigWorkflow:
    """Make a workflow on the CPU without beginning it.

    Args:
        configs: names of files in bundle/configs without their ending, the overlays last.
        settings: keys of the configs and their values.
    """
    return ConfigWorkflow(
        config_file=[str(BUNDLE / "configs" / f"{name}.json") for name in configs],
        workflow_type="train" if configs[0] == "train" else "infer",
        logging_file=False,
        **{"bundle_root": str(BUNDLE), "device": "cpu"} | settings,
    )


def run_configs(*configs: str, **settings: object) -> ConfigWorkflow:
    """Run a workflow, see `bundle_workflow`, from its beginning to its end."""
    workflow = bundle_workflow(*configs, **settings)
    workflow.initialize()
    workflow.run()
    workflow.finalize()
    return workflow
