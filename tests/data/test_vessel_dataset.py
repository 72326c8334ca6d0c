"""What all dataset classes have in common: items, caching, configs, worker processes."""

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import DataLoader, MetaTensor
from monai.transforms import Compose, RandFlipd, ScaleIntensityd

from cldice_monai.data import (
    CaseDataset,
    CREMIDataset,
    DeepVesselNetDataset,
    DRIVEDataset,
    MassachusettsRoadsDataset,
    VesSAPDataset,
    VesselCase,
)
from cldice_monai.errors import InputError

DATASETS = {  # name of the writer in conftest: class, channels, shape, whether it has a mask
    "drive": (DRIVEDataset, 3, (24, 20), True),
    "roads": (MassachusettsRoadsDataset, 3, (60, 50), True),
    "cremi": (CREMIDataset, 1, (24, 20), False),
    "deepvesselnet": (DeepVesselNetDataset, 1, (8, 9, 10), False),
    "vessap": (VesSAPDataset, 1, (8, 9, 10), False),
    "older_vessap": (VesSAPDataset, 1, (8, 9, 10), False),
    "listed_vessap": (VesSAPDataset, 1, (8, 9, 10), False),
}
SECTIONS = ("training", "validation", "test")


@pytest.fixture(params=DATASETS)
def made(request, layouts):
    """A dataset in its published layout: class, folder, channels, shape, mask."""
    kind, *rest = DATASETS[request.param]
    return kind, getattr(layouts, request.param)(), *rest


def test_items_are_channel_first_with_a_binary_label(made):
    kind, root, channels, shape, has_mask = made
    item = kind(root, "training", progress=False)[0]
    assert set(item) == {"image", "label", "case_id"} | ({"mask"} if has_mask else set())
    assert item["image"].shape == (channels, *shape)
    assert item["image"].dtype == torch.float32
    for key in sorted(set(item) & {"label", "mask"}):
        assert isinstance(item[key], MetaTensor)
        assert item[key].shape == (1, *shape)
        assert item[key].dtype == torch.uint8
        assert item[key].unique().tolist() in ([0, 1], [1])
    assert item["label"].any()
    assert not item["label"].all()


def test_parts_share_no_case_and_hold_all(made):
    kind, root, *_ = made
    parts = [kind(root, section, cache_rate=0) for section in SECTIONS]
    ids = [item["case_id"] for part in parts for item in part.data]
    assert len(set(ids)) == len(ids)
    assert len(ids) == (15 if kind is CREMIDataset else 6)


def test_dataloader_reads_with_worker_processes(made):
    kind, root, channels, shape, _ = made
    dataset = kind(root, "training", cache_rate=0)
    loader = DataLoader(dataset, batch_size=2, num_workers=2)
    seen = []
    for batch in loader:
        assert batch["image"].shape[1:] == (channels, *shape)
        assert batch["label"].shape[1:] == (1, *shape)
        seen += batch["case_id"]
    assert seen == [item["case_id"] for item in dataset.data]


def test_config_can_name_the_class(made):
    kind, root, channels, *_ = made
    parser = ConfigParser(
        {
            "dataset": {
                "_target_": f"cldice_monai.data.{kind.__name__}",
                "root_dir": str(root),
                "section": "validation",
                "transform": {"_target_": "ScaleIntensityd", "keys": "image"},
                "cache_rate": 0.0,
                "seed": 1,
            }
        }
    )
    dataset = parser.get_parsed_content("dataset")
    assert isinstance(dataset, kind)
    assert len(dataset[0]["image"]) == channels
    assert float(dataset[0]["image"].max()) == 1.0


def test_transform_follows_the_loading_and_random_ones_stay_random(layouts):
    root = layouts.drive()
    flip = RandFlipd(("image", "label", "mask"), prob=0.5, spatial_axis=1)
    chain = Compose([ScaleIntensityd("image"), flip])
    dataset = DRIVEDataset(root, "training", chain, progress=False)
    cached = dataset._cache[0]
    assert float(cached["image"].max()) == 1.0  # loaded and scaled before the random transform
    flip.set_random_state(0)
    versions = {tuple(dataset[0]["label"][0, 0].tolist()) for _ in range(20)}
    assert len(versions) == 2
    assert np.array_equal(dataset[0]["image"].shape, (3, 24, 20))


def test_seed_draws_other_cases_and_fold_trades_them(layouts):
    root = layouts.deepvesselnet(22)
    words = {"cache_rate": 0}
    first = DeepVesselNetDataset(root, "test", seed=0, **words)
    other = DeepVesselNetDataset(root, "test", seed=1, **words)
    assert first.split.test != other.split.test
    fold = DeepVesselNetDataset(root, "validation", fold=1, **words)
    rest = DeepVesselNetDataset(root, "training", fold=1, **words)
    assert len(fold) == 6
    assert len(rest) == 11
    assert fold.split.test == first.split.test


def test_paper_number_is_drawn_from_a_larger_release_unless_all_are_asked_for(layouts):
    root = layouts.deepvesselnet(25)
    sizes = [len(DeepVesselNetDataset(root, section, cache_rate=0)) for section in SECTIONS]
    assert sizes == [15, 2, 5]
    all_sizes = [
        len(DeepVesselNetDataset(root, section, cache_rate=0, take_all=True))
        for section in SECTIONS
    ]
    assert sum(all_sizes) == 25


def test_no_file_is_opened_before_it_is_needed(layouts):
    root = layouts.deepvesselnet()
    for path in root.rglob("*.nii.gz"):
        path.write_bytes(b"damaged")
    dataset = DeepVesselNetDataset(root, "training", cache_rate=0)
    with pytest.raises(InputError, match=r"raw/\d\.nii\.gz: "):
        dataset[0]


def test_unknown_section_is_refused(tmp_path):
    with pytest.raises(ValueError, match="section must be one of training, validation, test"):
        DRIVEDataset(tmp_path, "train")


def test_image_without_label_ends_a_training_set_with_its_name(layouts):
    root = layouts.vessap()
    (root / "gt" / "patchvolume_003.nii.gz").unlink()
    with pytest.raises(InputError, match=r"volume_003_0000.nii.gz: there is no label"):
        VesSAPDataset(root, "training")


def test_label_on_another_grid_is_refused(layouts, tmp_path):
    image, label = layouts.volume(0)
    case = VesselCase(
        "a",
        (layouts.nifti(tmp_path / "a.nii", image),),
        layouts.nifti(tmp_path / "b.nii", label[:-1]),
    )
    with pytest.raises(InputError, match=r"b.nii: shape \(1, 7, 9, 10\) does not fit \(1, 8, 9, 1"):
        CaseDataset([case], cache_rate=0)[0]


@pytest.mark.parametrize("key", ["label", "mask"])
def test_label_or_mask_that_lies_elsewhere_is_refused(layouts, save, tmp_path, key):
    image, label = layouts.volume(0)
    there = layouts.nifti(tmp_path / "a.nii", image)
    moved = np.diag([3.0, 3.0, 3.0, 1.0])
    moved[0, 3] = 1.5
    elsewhere = save("b.nii", label, moved)
    case = VesselCase("a", (there,), **{"label": there, key: elsewhere})
    with pytest.raises(InputError, match=rf"b.nii: the {key}'s grid lies up to 0.5 voxels off"):
        CaseDataset([case], cache_rate=0)[0]


@pytest.mark.parametrize("value", [0.7, -1, np.nan])
def test_label_of_other_than_whole_numbers_is_refused(layouts, tmp_path, value):
    image, label = layouts.volume(0)
    label = label.astype(np.float32)
    label[0, 0, 0] = value
    case = VesselCase(
        "a",
        (layouts.nifti(tmp_path / "a.nii", image),),
        layouts.nifti(tmp_path / "b.nii", label),
    )
    with pytest.raises(InputError, match=rf"b.nii: holds {value:g}; a label holds whole numbers"):
        CaseDataset([case], cache_rate=0)[0]


def test_nan_is_filled_with_the_smallest_value_and_nothing_but_nan_is_refused(layouts, tmp_path):
    image, label = layouts.volume(0)
    image = image.astype(np.float32) + 3
    image[0, 0, :2] = [np.nan, np.inf]
    smallest = np.nanmin(image)
    path = layouts.nifti(tmp_path / "a.nii", image)
    case = VesselCase("a", (path,), layouts.nifti(tmp_path / "b.nii", label))
    item = CaseDataset([case], cache_rate=0)[0]
    assert item["image"][0, 0, 0, :2].tolist() == [smallest, smallest]
    layouts.nifti(path, np.full_like(image, np.nan))
    with pytest.raises(InputError, match=r"a.nii: channel 0: every voxel is NaN or infinite"):
        CaseDataset([case], cache_rate=0)[0]


@pytest.mark.parametrize("words", [{}, {"num_workers": 2}, {"runtime_cache": True}])
def test_bad_file_is_an_input_error_when_it_is_cached_too(layouts, words):
    root = layouts.deepvesselnet()
    for path in root.rglob("*.nii.gz"):
        path.write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"raw/\d\.nii\.gz: "):
        DeepVesselNetDataset(root, "training", progress=False, **words)[0]


def test_error_of_a_transform_stays_what_it_is(layouts):
    def fail(item):
        raise KeyError("nothing")

    dataset = DeepVesselNetDataset(layouts.deepvesselnet(), "training", fail, cache_rate=0)
    with pytest.raises(RuntimeError, match="applying transform"):
        dataset[0]


def test_several_classes_become_a_label_map(layouts, tmp_path):
    image, label = layouts.volume(0)
    label[0, 0, :4] = [5, 95, 95, 5]  # beside the vessel of value 1
    case = VesselCase(
        "a",
        (layouts.nifti(tmp_path / "a.nii", image),),
        layouts.nifti(tmp_path / "b.nii", label),
    )
    item = CaseDataset([case], cache_rate=0, classes=(95, 5, 1))[0]
    assert item["label"].dtype == torch.uint8
    assert item["label"][0, 0, 0, :5].tolist() == [2, 1, 1, 2, 0]
    assert int(item["label"].max()) == 3
    with pytest.raises(InputError, match=r"values 5, which are none of the classes \[95, 1\]"):
        CaseDataset([case], cache_rate=0, classes=(95, 1))[0]


@pytest.mark.parametrize("classes", [(), (0, 1), (1, 1), (-1,)])
def test_classes_that_make_no_sense_are_refused(classes):
    with pytest.raises(ValueError, match="classes must be values above 0 without repetition"):
        CaseDataset([], classes=classes)


@pytest.mark.parametrize("classes", ["12", (1.5, 2), ("1",)])
def test_classes_that_are_no_whole_numbers_are_refused(classes):
    with pytest.raises(TypeError, match="classes must be a list of whole numbers"):
        CaseDataset([], classes=classes)
