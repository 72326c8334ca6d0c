"""What preparing a dataset writes, where, and what it leaves alone."""

import errno
import json

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data import find_inference_cases, find_training_cases
from cldice_monai.errors import InputError


def test_nifti_files_stay_where_they_are(layouts, prepare):
    root = layouts.vessap()
    before = sorted(root.rglob("*"))
    prepared = prepare("vessap", root, channels=2)
    content = json.loads(prepared.list_path.read_text())
    assert sorted(path.name for path in prepared.list_path.parent.iterdir()) == ["dataset.json"]
    assert sorted(root.rglob("*")) == before
    entry = content["training"][0]
    assert entry["image"][1].startswith(str(root / "raw"))
    assert content["channel_names"] == {"0": "WGA", "1": "Evans blue"}


def test_list_beside_the_files_names_them_relative_to_it(layouts, prepare):
    root = layouts.vessap()
    prepared = prepare("vessap", root, target=root)
    entry = json.loads(prepared.list_path.read_text())["training"][0]
    assert entry["image"].startswith("raw/patchvolume_")
    assert entry["label"].startswith("gt/patchvolume_")
    moved = root.rename(root.with_name("moved"))
    assert len(find_training_cases(moved).training) == 4


def test_pictures_become_nifti_with_rows_first_and_upright(layouts, prepare):
    root = layouts.drive()
    prepared = prepare("drive", root)
    folder = prepared.list_path.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        "dataset.json",
        "imagesTr",
        "imagesTs",
        "labelsTr",
        "labelsTs",
        "masksTr",
        "masksTs",
    ]
    (path,) = (folder / "imagesTs").iterdir()
    image = nib.load(path)
    assert image.shape == (24, 20, 1, 3)
    assert image.get_data_dtype() == np.uint8
    assert nib.aff2axcodes(image.affine) == ("P", "R", "S")  # down, to the right
    (case,) = find_inference_cases(folder, in_channels=3)
    assert case.label is not None


def test_sections_keep_their_voxel_size(layouts, prepare):
    prepared = prepare("cremi", layouts.cremi())
    path = next((prepared.list_path.parent / "imagesTr").iterdir())
    image = nib.load(path)
    assert np.allclose(image.header.get_zooms(), (0.004, 0.004, 0.04))
    assert image.header.get_xyzt_units()[0] == "micron"


@pytest.mark.parametrize("release", ["drive", "vessap"])
def test_full_disk_leaves_nothing_behind(layouts, prepare, tmp_path, monkeypatch, release):
    root = getattr(layouts, release)()
    before = sorted(tmp_path.rglob("*"))
    target = tmp_path / "new" / "out"
    (tmp_path / "new").mkdir()
    written = []

    def full(*arguments, **words):
        written.append(arguments)
        if len(written) > (3 if release == "drive" else 0):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **words)

    if release == "drive":
        real = nib.save
        monkeypatch.setattr(nib, "save", full)
    else:
        real = None
        monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(InputError, match=r"out.*: cannot be written \(No space left on device\)"):
        prepare(release, root, target=target)
    assert written
    assert sorted(tmp_path.rglob("*")) == sorted([*before, *_made(target, release)])


def test_interruption_leaves_nothing_behind(layouts, prepare, tmp_path, monkeypatch):
    root = layouts.drive()
    (tmp_path / "new").mkdir()

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(nib, "save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare("drive", root, target=tmp_path / "new" / "out")
    assert list((tmp_path / "new").iterdir()) == []


def test_target_that_holds_something_is_never_touched(layouts, prepare, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dataset.json").write_text("mine")
    with pytest.raises(InputError, match="not empty and nothing is overwritten"):
        prepare("drive", layouts.drive())
    with pytest.raises(InputError, match=r"dataset\.json: is there already"):
        prepare("vessap", layouts.vessap())
    assert (tmp_path / "out" / "dataset.json").read_text() == "mine"


def _made(target, release):
    """What a run that failed may leave: the empty folder that the user named, for a list."""
    return [target.parent] if release == "drive" else [target.parent, target]
