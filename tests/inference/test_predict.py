"""One image through the command, the Python call and the bundle; what is skipped and refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import cldice_monai
from cldice_monai.cli import main
from cldice_monai.errors import InputError
from cldice_monai.inference import large
from cldice_monai.workflows import read_preparation
from tests.bundle_runs import run_configs

BUNDLE = Path(__file__).parents[2] / "bundle"


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def predict(*words: object) -> int:
    return main(["predict", *map(str, words), "--device", "cpu"])


@pytest.mark.parametrize(("unit", "short"), [("mm", "mm"), ("micron", "um")])
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
def test_command_call_and_bundle_give_the_same_mask(
    save_scan: Callable[..., Path], tmp_path: Path, image: np.ndarray, unit: str, short: str
):
    scan = save_scan(unit=unit)  # of micrometres the working grid is another one
    length = 4.0 if unit == "mm" else 0.004
    settings = {"threshold": 0.3, "overlap": 0.25, "min_length_mm": length}
    words = ["--threshold", 0.3, "--overlap", 0.25, "--min-length-mm", length, "--save-prob"]
    assert predict(scan, "-o", tmp_path / "command", *words) == 0
    folders = {"dataset_dir": str(scan.parent), "output_dir": str(tmp_path / "bundle")}
    run_configs("inference", save_prob=True, **folders, **settings)
    for name in ("mask", "prob"):
        by_command = voxels(tmp_path / "command" / f"scan_{name}.nii.gz")
        assert np.array_equal(by_command, voxels(tmp_path / "bundle" / f"scan_{name}.nii.gz"))
    mask = voxels(tmp_path / "command" / "scan_mask.nii.gz")
    assert 0 < mask.sum() < mask.size
    called = cldice_monai.predict(
        image, spacing=(1, 1, 2), spacing_unit=short, device="cpu", **settings
    )
    assert np.array_equal(called, mask)
    assert np.array_equal(cldice_monai.predict(scan, device="cpu", **settings), mask)


@pytest.mark.usefixtures("threshold_network")
class TestBatch:
    def test_every_promised_file_is_written_and_the_status_is_0(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        save_scan("a.nii.gz")
        save_scan("b.nii")
        out = tmp_path / "out"
        assert predict(tmp_path / "scans", "-o", out, "--save-prob", "--save-skeleton") == 0
        endings = ["mask.nii.gz", "preview.png", "prob.nii.gz", "report.json", "skeleton.nii.gz"]
        expected = [f"{case}_{ending}" for case in "ab" for ending in endings]
        expected += ["manifest.json", "summary.csv"]
        assert sorted(path.name for path in out.iterdir()) == sorted(expected)
        assert len({path.stat().st_mode & 0o777 for path in out.iterdir()}) == 1
        lines = capsys.readouterr().out.splitlines()
        drawn = [x for x in lines if str(tmp_path) not in x and not x.startswith("warning: ")]
        assert max(map(len, drawn)) <= 80
        with (out / "summary.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [(row["case"], row["status"]) for row in rows] == [("a", "done"), ("b", "done")]
        manifest = json.loads((out / "manifest.json").read_text())
        shipped = read_preparation(BUNDLE / "models" / "model.pt")
        assert manifest["settings"]["threshold"] == shipped.threshold
        assert len(manifest["weights"]["sha256"]) == 64
        assert manifest["peak_memory_bytes"] > 10**6
        assert [len(case["input"][0]["sha256"]) for case in manifest["cases"]] == [64, 64]

    def test_quiet_run_prints_nothing(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        assert predict(save_scan(), "-o", tmp_path / "out", "--quiet") == 0
        printed = capsys.readouterr()
        assert printed.out + printed.err == ""

    def test_bad_case_is_one_line_and_the_others_are_done(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        good = save_scan("b.nii.gz")
        (good.parent / "a.nii.gz").write_bytes(good.read_bytes()[:3000])
        assert predict(good.parent, "-o", tmp_path / "out") == 1
        errors = capsys.readouterr().err.splitlines()
        assert "a.nii.gz: the file ends too early" in errors[0]
        assert errors[1] == "error: 1 of 2 cases failed; their faults are named above"
        assert len(errors) == 2
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert [name for name in names if name.startswith("a")] == []
        assert "b_mask.nii.gz" in names
        with (tmp_path / "out" / "summary.csv").open() as file:
            row = next(csv.DictReader(file))
        assert (row["status"], row["b0"]) == ("failed", "")
        assert "ends too early" in row["problem"]

    def test_mask_of_more_than_half_the_volume_is_warned_of_in_one_line(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        marked = np.zeros((20, 20, 20), np.float32)
        marked[:, :, :11] = 1000
        full = save_scan("full.nii.gz", array=marked)
        half = save_scan("half.nii.gz", array=marked[:, :, 2:])
        assert predict(full, half, "-o", tmp_path / "out", "--threshold", 0.5) == 0
        warnings = [x for x in capsys.readouterr().out.splitlines() if x.startswith("warning")]
        line = "55 % of the voxels are marked as vessel: the weights probably do not fit"
        assert len(warnings) == 1
        assert warnings[0].startswith(f"warning: full: {line}")
        notes = {
            name: json.loads((tmp_path / "out" / f"{name}_report.json").read_text())["notes"]
            for name in ("full", "half")
        }
        assert [note[:20] for note in notes["full"]] == [line[:20]]
        assert notes["half"] == []

    @pytest.mark.parametrize("in_parts", [False, True])
    def test_cavities_are_said_because_the_length_contains_their_walls(
        self,
        save_scan: Callable[..., Path],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        in_parts: bool,
    ):
        if in_parts:
            monkeypatch.setattr(large, "_IDLE", 1 << 60)
        bar = np.zeros((40, 40, 40), np.float32)
        bar[4:36, 10:17, 10:17] = 1000
        holed = bar.copy()
        holed[12, 12, 12] = 0
        whole, hole = save_scan("whole.nii.gz", array=bar), save_scan("hole.nii.gz", array=holed)
        words = ("--threshold", 0.5, "--max-memory", "8GB")
        assert predict(whole, hole, "-o", tmp_path / "out", *words) == 0
        lines = [x for x in capsys.readouterr().out.splitlines() if "encloses" in x]
        assert len(lines) == 1
        assert lines[0].startswith("warning: hole: the mask encloses a cavity")
        reports = [
            json.loads((tmp_path / "out" / f"{name}_report.json").read_text())
            for name in ("whole", "hole")
        ]
        assert [any("cavity" in n for n in report["notes"]) for report in reports] == [False, True]
        straight, walled = (report["centreline_length_mm"] for report in reports)
        assert walled > 2 * straight

    def test_filled_cavities_leave_no_walls_and_no_warning(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        bar = np.zeros((40, 40, 40), np.float32)
        bar[4:36, 10:17, 10:17] = 1000
        whole = save_scan("whole.nii.gz", array=bar)
        bar[12, 12, 12] = 0
        words = ("-o", tmp_path / "out", "--threshold", 0.5, "--fill-cavities")
        assert predict(whole, save_scan("hole.nii.gz", array=bar), *words) == 0
        assert "encloses" not in capsys.readouterr().out
        masks = [voxels(tmp_path / "out" / f"{name}_mask.nii.gz") for name in ("whole", "hole")]
        assert np.array_equal(*masks)
        report = json.loads((tmp_path / "out" / "hole_report.json").read_text())
        assert report["betti_numbers"]["b2"] == 0
        assert json.loads((tmp_path / "out" / "manifest.json").read_text())["settings"][
            "fill_cavities"
        ]

    def test_constant_image_is_refused(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        scan = save_scan(array=np.full((8, 8, 8), 7, np.uint8))
        assert predict(scan, "-o", tmp_path / "out") == 1
        assert "the image is constant, every voxel is 7" in capsys.readouterr().err

    def test_file_without_a_unit_counts_as_mm_with_one_warning(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        save_scan("a.nii.gz", unit=None)
        save_scan("b.nii.gz", unit=None)
        assert predict(tmp_path / "scans", "-o", tmp_path / "out") == 0
        assert capsys.readouterr().out.count("names no unit of length") == 1
        report = json.loads((tmp_path / "out" / "a_report.json").read_text())
        assert report["spacing_mm"] == [1.0, 1.0, 2.0]


@pytest.mark.usefixtures("threshold_network")
class TestSecondRun:
    def test_finished_case_is_skipped(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        scan, out = save_scan(), tmp_path / "out"
        assert predict(scan, "-o", out) == 0
        before = (out / "scan_report.json").stat().st_mtime_ns
        assert predict(scan, "-o", out) == 0
        assert (out / "scan_report.json").stat().st_mtime_ns == before
        assert "scan  skipped" in capsys.readouterr().out
        assert predict(scan, "-o", out, "--overwrite") == 0
        assert (out / "scan_report.json").stat().st_mtime_ns > before

    def test_missing_file_or_a_file_asked_for_now_is_made(
        self, save_scan: Callable[..., Path], tmp_path: Path
    ):
        scan, out = save_scan(), tmp_path / "out"
        assert predict(scan, "-o", out) == 0
        (out / "scan_mask.nii.gz").unlink()
        assert predict(scan, "-o", out) == 0
        assert (out / "scan_mask.nii.gz").is_file()
        assert predict(scan, "-o", out, "--save-prob") == 0
        assert (out / "scan_prob.nii.gz").is_file()

    @pytest.mark.parametrize("change", ["threshold", "input"])
    def test_result_of_other_settings_or_input_is_not_passed_off_as_this_one(
        self,
        change: str,
        save_scan: Callable[..., Path],
        tmp_path: Path,
        image: np.ndarray,
        capsys: pytest.CaptureFixture[str],
    ):
        scan, out = save_scan(), tmp_path / "out"
        assert predict(scan, "-o", out, "--save-prob") == 0
        before = (out / "scan_mask.nii.gz").read_bytes()
        words = ["--threshold", "0.86"] if change == "threshold" else []
        if change == "input":
            save_scan(array=image[::-1].copy())
        capsys.readouterr()
        assert predict(scan, "-o", out, *words) == 1
        error = capsys.readouterr().err
        assert f"holds a result of scan made with other {change}; pass --overwrite" in error
        assert (out / "scan_mask.nii.gz").read_bytes() == before
        assert predict(scan, "-o", out, *words, "--overwrite") == 0
        assert (out / "scan_mask.nii.gz").read_bytes() != before
        assert not (out / "scan_prob.nii.gz").exists()  # it would belong to the mask before

    def test_copied_input_of_the_same_bytes_is_still_done(
        self, save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        scan, out = save_scan(), tmp_path / "out"
        assert predict(scan, "-o", out) == 0
        scan.touch()
        assert predict(scan, "-o", out) == 0
        assert "scan  skipped" in capsys.readouterr().out


@pytest.mark.usefixtures("threshold_network")
def test_tiff_preview_stands_as_the_picture_does(tmp_path: Path):
    import tifffile
    from PIL import Image

    stack = np.zeros((8, 40, 40), np.uint8)  # z, y, x: a bright bar at the top left
    stack[:, 2:6, 2:20] = 200
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    assert predict(tmp_path / "a.tif", "-o", tmp_path / "out", "--spacing", "1,1,1mm") == 0
    drawn = np.asarray(Image.open(tmp_path / "out" / "a_preview.png").convert("L"))
    panel = drawn[64:512, 20:470]
    assert panel[:200, :200].mean() > 2 * panel[250:, :200].mean()
    mask = tifffile.imread(tmp_path / "out" / "a_mask.tif")
    assert np.array_equal(mask, np.where(stack > 0, 255, 0))


def test_picture_is_refused_by_weights_for_volumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from PIL import Image

    bars = np.zeros((40, 40), np.uint8)
    bars[::8] = 200
    Image.fromarray(bars).save(tmp_path / "a.png")
    assert predict(tmp_path / "a.png", "-o", tmp_path / "out") == 1
    assert "a.png: is a picture, and the weights are for volumes" in capsys.readouterr().err
    assert not (tmp_path / "out" / "a_mask.png").exists()


def test_longest_names_fit_into_80_columns():
    from cldice_monai.data.cases import VesselCase
    from cldice_monai.inference.manifest import summary_table
    from cldice_monai.inference.request import CaseResult

    case = VesselCase("a_name_of_a_case_that_is_far_too_long", (Path("a.nii"),))
    report = {
        "vessel_volume_mm3": 1234567.8,
        "centreline_length_mm": None,
        "n_branch_points": 12345678,
        "betti_numbers": {"b0": 1234567, "b1": 1234567},
    }
    results = [CaseResult(case, "skipped", report), CaseResult(case, "failed", problem="bad")]
    lines = summary_table(results).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("1234567 1234567")
    assert "1.235e+06" in lines[1]


def test_array_without_spacing_is_refused(image: np.ndarray):
    with pytest.raises(InputError, match="spacing must have 3 numbers"):
        cldice_monai.predict(image)


@pytest.mark.parametrize(
    ("spacing", "says"),
    [(1, "needs a number for each axis"), ((1, 1, "x"), "must be one number an axis")],
)
def test_spacing_of_another_form_is_refused(spacing: object, says: str, image: np.ndarray):
    with pytest.raises(InputError, match=says):
        cldice_monai.predict(image, spacing=spacing)


def test_spacing_of_a_file_that_says_it_is_refused(save_scan: Callable[..., Path]):
    with pytest.raises(InputError, match="spacing has no effect"):
        cldice_monai.predict(save_scan(), spacing=(1, 1, 2))


def test_overlap_needs_a_number_an_axis(image: np.ndarray):
    with pytest.raises(InputError, match="overlap must be one number, or 3"):
        cldice_monai.predict(image, spacing=(1, 1, 1), overlap=[0.5, 0.5])


def test_unknown_setting_is_refused(image: np.ndarray):
    with pytest.raises(InputError, match="treshold: no such setting"):
        cldice_monai.predict(image, spacing=(1, 1, 1), treshold=0.3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--threshold", "2"], "threshold must be a probability"),
        (["--overlap", "1"], "overlap must be from 0 to less than 1"),
        (["--device", "tpu"], "device tpu is not known to torch"),
        (["--roi", "60"], "roi"),
        (["--weights", "nowhere.pt"], "weights nowhere.pt: no such file"),
        (["--spacing", "1,1,1um"], "--spacing has no effect"),
        (["--spacing", "1,1,1"], "the unit is missing"),
        (["--spacing", "1,-1,1um"], "sizes must be above 0"),
    ],
)
def test_bad_words_get_one_line_and_leave_no_file(
    words: list[str],
    says: str,
    save_scan: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    assert main(["predict", str(save_scan()), "-o", str(tmp_path / "out"), *words]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert says in lines[0]
    assert not (tmp_path / "out").exists()
