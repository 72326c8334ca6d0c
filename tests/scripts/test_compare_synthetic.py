"""The comparison of a preset with a real label."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import nibabel
import numpy as np
import pytest

from cldice_monai.data.synthetic import generate_vessels
from cldice_monai.data.synthetic.statistics import label_statistics


@pytest.fixture(scope="module")
def script(root) -> Iterator[ModuleType]:
    path = root / "scripts" / "compare_synthetic.py"
    spec = importlib.util.spec_from_file_location("compare_synthetic", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def label():
    return generate_vessels((64, 64, 64), seed=0).label


def test_label_compared_with_itself_meets_every_goal(script, label):
    same = label_statistics(label)
    rows = script.compare(same, [same, same])
    assert [row.verdict for row in rows] == ["met"] * 6 + [""]
    assert [row.found for row in rows[:5]] == ["+0.0%"] * 3 + ["0.000"] * 2


def test_each_number_that_is_off_is_missed_alone(script, label):
    real = label_statistics(label)
    for i, change in enumerate(
        (
            {"foreground_fraction": 1.2 * real.foreground_fraction},
            {"segments_per_megavoxel": 0.8 * real.segments_per_megavoxel},
            {"bifurcations_per_megavoxel": 1.16 * real.bifurcations_per_megavoxel},
            {"radius": real.radius + 1.0},
            {"length": 2.0 * real.length},
            {"fork_radii": np.tile([2.0 ** (1 / 9), 1.0, 1.0], (50, 1))},
        )
    ):
        rows = script.compare(real, [replace(real, **change)])
        verdicts = [row.verdict for row in rows[:6]]
        assert verdicts == ["MISSED" if k == i else "met" for k in range(6)]


def test_command_prints_a_table_and_writes_a_picture(script, tmp_path, capsys, label):
    nibabel.save(nibabel.Nifti1Image(label[:48, :40, :32], np.eye(4)), tmp_path / "label.nii.gz")
    picture = tmp_path / "new" / "both.png"
    words = [str(tmp_path / "label.nii.gz"), "--preset", "paper", "--seeds", "1"]
    status = script.main([*words, "--png", str(picture)])
    printed = capsys.readouterr().out
    assert status == (1 if "MISSED" in printed else 0)
    lines = printed.splitlines()
    assert lines[0].startswith("1 seeds of preset paper at (48, 40, 32)")
    assert [line.split(",")[0].split("/")[0] for line in lines[2:7]] == [
        "foreground",
        "segments",
        "bifurcations",
        "radius",
        "length",
    ]
    assert max(map(len, lines)) <= 80
    from PIL import Image

    with Image.open(picture) as both:
        assert both.size == (2 * 32 + 6, 48)


def test_label_without_a_vessel_is_refused_in_one_line(script, tmp_path, capsys):
    nibabel.save(
        nibabel.Nifti1Image(np.zeros((16, 16, 16), np.uint8), np.eye(4)), tmp_path / "e.nii"
    )
    assert script.main([str(tmp_path / "e.nii")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.real_data
def test_preset_deepvesselnet_is_near_the_real_label(script, shared_data):
    path = shared_data / "VesSAP_synthetic" / "label.nii.gz"
    real = np.asarray(nibabel.load(path).dataobj) > 0
    drawn = generate_vessels(real.shape, preset="deepvesselnet", seed=0).label
    rows = script.compare(label_statistics(real), [label_statistics(drawn)])
    # one seed alone: the goals are for the mean of five
    assert [row.verdict for row in rows[1:3]] == ["met", "met"]
    assert [float(row.found) <= 0.17 for row in rows[3:5]] == [True, True]
