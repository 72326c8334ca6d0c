import numpy as np
import pytest

from cldice_monai.data.massachusetts_roads import (
    MassachusettsRoadsDataset,
    find_massachusetts_roads_cases,
    has_data,
)
from cldice_monai.data.pictures import read_grey_picture, read_picture
from cldice_monai.errors import InputError


def test_white_area_is_masked_and_its_label_stays_as_published(layouts):
    dataset = MassachusettsRoadsDataset(layouts.roads(), "training", cache_rate=0)
    items = {item["case_id"]: item for item in dataset}
    for section in ("validation", "test"):
        part = MassachusettsRoadsDataset(layouts.folder / "mass_roads", section, cache_rate=0)
        items |= {item["case_id"]: item for item in part}
    wedge = items.pop("10078660_15")
    assert wedge["mask"][0, :, :25].all()
    assert not wedge["mask"][0, :, 25:].any()
    assert wedge["label"][0, 5, 25:].all()  # the road drawn in the white
    assert all(item["mask"].all() for item in items.values())


def test_white_roof_is_data_and_a_large_white_area_is_not():
    image = np.full((3, 100, 100), 90)
    image[:, 10:30, 10:40] = 255  # 600 pixels
    image[:, 50:90, 50:90] = 255  # 1600 pixels
    image[1, 60, 60] = 254  # a pixel inside that is not white
    mask = has_data(image)
    assert mask.shape == (1, 100, 100)
    assert mask[0, 10:30, 10:40].all()
    assert np.count_nonzero(~mask) == 1600 - 1
    assert mask[0, 60, 60]


def test_picture_without_white_is_all_data():
    assert has_data(np.zeros((3, 4, 5))).all()


def test_cases_come_from_all_published_parts(layouts):
    found = find_massachusetts_roads_cases(layouts.roads(n_train=2, n_valid=1, n_test=1))
    assert [case.image[0].parents[1].name for case in found.cases] == [
        "train",
        "train",
        "valid",
        "test",
    ]
    assert all(case.mask == case.image[0] for case in found.cases)


def test_same_image_in_two_parts_is_a_problem(layouts):
    root = layouts.roads()
    for folder, ending in (("sat", "tiff"), ("map", "tif")):
        source = root / "train" / folder / f"10078660_15.{ending}"
        (root / "test" / folder / source.name).write_bytes(source.read_bytes())
    (problem,) = find_massachusetts_roads_cases(root).problems
    assert "test/sat/10078660_15.tiff: the same name as" in problem


def test_folder_without_maps_shows_the_nearest(layouts):
    root = layouts.roads()
    (root / "train" / "map").rename(root / "train" / "maps")
    with pytest.raises(InputError, match=r"no train/map \(nearest found: train/maps\); expected"):
        find_massachusetts_roads_cases(root)


@pytest.mark.real_data
def test_real_crops_have_roads_of_the_known_share_and_no_ground_is_masked(shared_data):
    folder = shared_data / "roads_crops"
    numbers = [path.stem.split("_")[1] for path in sorted((folder / "images").iterdir())]
    assert len(numbers) == 3
    for number in numbers:
        image = read_picture(folder / "images" / f"image_{number}.png").array[..., 0]
        label = read_grey_picture(folder / "labels" / f"label_{number}.png").array
        assert image.shape == (3, 375, 375)
        assert 0.045 <= round(float((label > 0).mean()), 3) <= 0.067  # as PROVENANCE.md says
        not_white = (image < 255).any(axis=0)
        assert has_data(image)[0, not_white].all()
