"""Train the quick start's model and, with --install, make it the bundle's models/model.pt.

Runs the training and the inference of scripts/quickstart.sh in an empty folder, so that the
synthetic volumes are those of this version's generator. --install writes the weights, and the
figures of that inference on the volume that was not trained on, into the bundle.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cldice_monai
from cldice_monai.files import replace_when_complete

ROOT = Path(__file__).resolve().parents[1]
STEPS = ROOT / "scripts" / "_quickstart.sh"
FIGURES = ("cldice", "tprec", "tsens", "dice", "betti_errors")
LARGEST_BYTES = 25_000_000  # the model zoo takes no larger file


def main() -> None:
    """Read the arguments, train, segment, print the figures, and install if that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="write into the bundle")
    parser.add_argument(
        "--bundle", type=Path, default=ROOT / "bundle", help="the bundle (default: this checkout's)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        for step in ("train_quickstart", "segment_quickstart"):
            run_step(step, arguments.bundle.resolve(), output)
        figures = read_figures(output / "metrics.json")
        print(json.dumps(figures, indent=2))
        if arguments.install:
            install(output / "models" / "model.pt", figures, arguments.bundle)


def run_step(step: str, bundle: Path, output: Path) -> None:
    """Run one of the quick start's steps beside its output; end with its status if it fails."""
    command = ["bash", "-c", f'source "$0"; {step} "$@"', str(STEPS), sys.executable]
    command += [str(bundle), str(output)]
    status = subprocess.run(command, cwd=output.parent, check=False).returncode
    if status:
        sys.exit(status)


def read_figures(metrics: Path) -> dict[str, Any]:
    """Take the scores of the one test volume from the metrics.json of the inference."""
    content = json.loads(metrics.read_text(encoding="utf-8"))
    ((case_id, case),) = content["cases"].items()
    return {
        "data": f"{case_id}, the quick start's synthetic test volume, not trained on",
        **{name: case["scores"][name] for name in FIGURES},
        "definitions": content["definitions"],
    }


def install(weights: Path, figures: dict[str, Any], bundle: Path) -> None:
    """Write weights and figures into a bundle; the figures name the weights by their hash.

    Args:
        weights: file to become models/model.pt.
        figures: what becomes eval_metrics of the metadata.
        bundle: folder of the bundle.
    """
    size = weights.stat().st_size
    if size >= LARGEST_BYTES:
        sys.exit(f"error: {weights} has {size} bytes; the model zoo takes less than 25 MB a file")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    metadata = bundle / "configs" / "metadata.json"
    content = json.loads(metadata.read_text(encoding="utf-8"))
    content["eval_metrics"] = {
        **figures,
        "made_by": f"scripts/make_quickstart_model.py of cldice_monai {cldice_monai.__version__}",
        "weights_sha256": digest,
    }
    with replace_when_complete(bundle / "models" / "model.pt") as temporary:
        shutil.copyfile(weights, temporary)
    with replace_when_complete(metadata) as temporary:
        temporary.write_text(readable_json(content), encoding="utf-8")
    print(f"written: {bundle / 'models' / 'model.pt'} and the figures in {metadata}")


def readable_json(content: dict[str, Any]) -> str:
    """Indent JSON by four, with lists of numbers on one line."""
    text = json.dumps(content, indent=4)
    return re.sub(r"\[[\s\d,.-]+\]", lambda found: json.dumps(json.loads(found[0])), text) + "\n"


if __name__ == "__main__":
    main()
