"""The check of a GPU runs to its end on a CPU, and judges what it has measured."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

# Readers of files are none of its needs.
WITHOUT_READERS = """
import runpy, sys
sys.modules["nibabel"] = sys.modules["itk"] = None
sys.argv = ["gpu_check.py", "--cpu-smoke"]
runpy.run_path(r"{script}", run_name="__main__")
"""


@pytest.fixture(scope="module")
def script(root):
    path = root / "scripts" / "gpu_check.py"
    spec = importlib.util.spec_from_file_location("gpu_check", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_check"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def on_gpu(script):
    """The plan of a GPU, with the cases of the small one."""
    return dataclasses.replace(script.smoke_plan(), device=torch.device("cuda", 0))


def measured(worst=0.0, ours=1.0, same=True):
    """Rows as a GPU would give them; ``ours`` is the time of our loss in milliseconds."""
    loss = {"MONAI / ours": 20 / ours, "memory, ours / MONAI": 0.04, "ours / floor": ours}
    return {
        "correctness": [
            {"what": "value", "cases": 8, "worst difference from the CPU": worst, "allowed": 1e-6}
        ],
        "losses": [loss | {"case": f"128^3, iter {iter_}"} for iter_ in (3, 10)]
        + [dict.fromkeys(loss, 1e9) | {"case": "1024^2, iter 10"}],
        "training": [
            {
                "network": "3D U-Net of the paper",
                "loss": "ours, iter 10",
                "step, more than Dice [%]": 3.0,
                "memory, more than Dice [%]": None,
            }
        ],
        "topology": [{"on the device [s]": 0.2, "same as on the CPU": same}],
    }


@pytest.mark.slow
def test_the_small_run_ends_with_every_goal_not_measured(root, tmp_path):
    code = WITHOUT_READERS.format(script=root / "scripts" / "gpu_check.py")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "no goal is measured" in done.stdout
    found = json.loads((tmp_path / "gpu_check.json").read_text())
    assert found["goals"]
    assert all(line.startswith("not measured") for line in found["goals"])
    for part in ("correctness", "bandwidth", "losses", "training", "topology", "inference"):
        assert found[part], part
        assert f"## {part}" in (tmp_path / "gpu_check.md").read_text()
    for row in found["correctness"]:
        assert row["worst difference from the CPU"] <= row["allowed"]
    assert all(row["same as on the CPU"] for row in found["topology"])


def test_each_goal_is_met_missed_or_not_measured(script, on_gpu):
    lines = [goal.line() for goal in script.goals(measured(), on_gpu)]
    verdicts = [line.split(":")[0] for line in lines]
    expected = ["met", "met", "met", "met", "met", "not measured", "not met", "met"]
    assert verdicts == expected
    assert "20" in lines[1]


@pytest.mark.parametrize(
    ("change", "place"),
    [({"worst": 1e-5}, 0), ({"worst": math.nan}, 0), ({"ours": 5.0}, 1), ({"same": False}, -1)],
)
def test_a_worse_figure_misses_its_goal(script, on_gpu, change, place):
    assert script.goals(measured(**change), on_gpu)[place].line().startswith("not met")


def test_fewer_cases_than_planned_are_no_measurement(script, on_gpu):
    found = measured()
    found["correctness"][0]["cases"] = 7
    line = script.goals(found, on_gpu)[0].line()
    assert line.startswith("not measured")
    assert "7 done" in line


def test_without_the_bandwidth_the_losses_are_still_timed(script):
    plan = dataclasses.replace(
        script.smoke_plan(), loss_shapes={"8^3": (1, 1, 8, 8, 8)}, iterations=(1,)
    )
    (row,) = script.losses(plan, script.Clock(), script.copied_gigabytes([]))
    assert row["ours [ms]"] > 0
    assert row["floor [ms]"] is None
    assert row["ours / floor"] is None


def test_a_table_has_the_columns_of_all_its_rows_and_json_no_nan(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"who": "MONAI"}, {"who": "ours", "difference": math.nan}]
    assert "| who | difference |" in script.table(rows)
    script.write({"inference": rows}, [], {})
    held = json.loads((tmp_path / "gpu_check.json").read_text(), parse_constant=pytest.fail)
    assert held["inference"][1]["difference"] == "nan"


def test_what_did_not_fit_on_the_device_is_not_judged(script, on_gpu):
    line = script.goals(measured(same=None), on_gpu)[-1].line()
    assert line.startswith("not measured")


def test_a_case_that_is_not_a_number_is_the_worst(script, on_gpu, monkeypatch):
    names = ("value", "gradient", "value, binary", "loss", "gradient of the loss")
    cases = iter([0.0, math.nan] + [0.0] * 6)
    exact = {"thinning": 0, "betti": 0}
    monkeypatch.setattr(script, "check_case", lambda *_: dict.fromkeys(names, next(cases)) | exact)
    rows = script.correctness(on_gpu, script.Clock())
    found = script.goals({**measured(), "correctness": rows}, on_gpu)
    assert [goal.line().split(":")[0] for goal in found[:7]] == ["not met"] * 5 + ["met"] * 2


def test_nothing_is_measured_on_a_cpu(script):
    lines = [goal.line() for goal in script.goals(measured(), script.smoke_plan())]
    assert all(line.startswith("not measured") for line in lines)


def test_a_part_that_fails_is_named_and_the_others_run(script, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such instruction")

    for part in ("correctness", "bandwidth", "training", "topology", "inference"):
        monkeypatch.setattr(script, part, lambda *_: [{"GB/s": 1.0}])
    monkeypatch.setattr(script, "losses", fail)
    about = {}
    found = script.measure(SimpleNamespace(), about)
    assert found["losses"] == []
    assert found["inference"]
    assert about == {"losses failed": "RuntimeError: no such instruction"}


def test_a_build_for_other_gpus_is_refused(script, monkeypatch):
    monkeypatch.setattr(script.sys, "argv", ["gpu_check.py"])
    monkeypatch.setattr(script.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(script.torch.version, "hip", "6.4")
    with pytest.raises(SystemExit, match="AMD"):
        script.main()


def test_without_a_gpu_the_full_check_says_what_to_do(script, monkeypatch):
    monkeypatch.setattr(script.sys, "argv", ["gpu_check.py"])
    monkeypatch.setattr(script.torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="--cpu-smoke"):
        script.main()
