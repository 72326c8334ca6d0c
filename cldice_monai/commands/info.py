"""``cldice-monai info``: what to write into a report of a problem."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "info",
        help="print versions, devices and weights",
        description="Print versions, devices, and the weights with their hash.",
    )
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="weights (those of the bundle)"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.bundle_folder import bundle_dir
    from cldice_monai.inference.manifest import versions
    from cldice_monai.inference.weights_file import describe_weights

    weights = describe_weights(options.weights or bundle_dir() / "models" / "model.pt")
    lines = {**versions(), "devices": _devices()}
    lines["weights"] = weights.path.name
    lines["  sha256"] = weights.sha256
    kind = "volumes" if weights.spatial_dims == 3 else "pictures"
    lines["  images"] = f"{kind} of {weights.in_channels} channel(s)"
    for name, value in lines.items():
        print(f"{name:<14}{value}")
    return 0


def _devices() -> str:
    import torch

    from cldice_monai.inferers import cpu_has_bfloat16

    n_threads = torch.get_num_threads()
    cpu = f"cpu ({n_threads} threads{', bfloat16' if cpu_has_bfloat16() else ''})"
    cuda = [f"cuda:{n} ({torch.cuda.get_device_name(n)})" for n in range(torch.cuda.device_count())]
    return ", ".join([cpu, *cuda])
