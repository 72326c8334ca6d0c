"""What all transforms have in common: names, containers, keys, seeds, workers."""

import functools
import inspect
import pickle

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import CacheDataset, DataLoader, Dataset, MetaTensor, decollate_batch
from monai.transforms import Compose, MapTransform, Randomizable
from monai.utils import set_determinism

import cldice_monai.transforms as ours
from cldice_monai.data.synthetic import generate_vessels

AFFINE = torch.diag(torch.tensor([0.5, 0.5, 1.0, 1.0], dtype=torch.float64))

ARRAY_FORMS = [name for name in ours.__all__ if f"{name}Dict" in ours.__all__]

MM = {"min_length_mm": 9.0, "spacing_mm": (1.0, 1.0, 1.0)}

IMAGE_ONLY = [
    (ours.ScaleIntensityCutoffd, {"cutoff": [0.9]}, ours.ScaleIntensityCutoff, {"cutoff": [0.9]}),
    (ours.FillNonFinited, {}, ours.FillNonFinite, {}),
    (ours.BinarizeLabeld, {}, ours.BinarizeLabel, {}),
    (ours.Skeletonized, {"output_keys": "image"}, ours.Skeletonize, {}),
    (ours.FillCavitiesd, {}, ours.FillCavities, {}),
    (ours.RemoveShortVesselsd, MM, ours.RemoveShortVessels, MM),
    (ours.RandShotNoised, {"prob": 1.0}, ours.RandShotNoise, {"prob": 1.0}),
    (ours.RandSpeckled, {"prob": 1.0}, ours.RandSpeckle, {"prob": 1.0}),
    (ours.RandPointSpreadd, {"prob": 1.0}, ours.RandPointSpread, {"prob": 1.0}),
    (ours.RandDistractorsd, {"prob": 1.0}, ours.RandDistractors, {"prob": 1.0}),
]
WITH_LABEL = [
    (ours.RandBreakVesseld, ours.RandBreakVessel),
    (ours.RandVesselFalloffd, ours.RandVesselFalloff),
]
OF_LABELS = ("Skeletonize", "FillCavities", "RemoveShortVessels")  # these refuse intensities
NAMES = [entry[2].__name__ for entry in IMAGE_ONLY]
STRICT = [entry[2:] for entry in IMAGE_ONLY if entry[2] is not ours.BinarizeLabel]


@pytest.fixture(scope="module")
def sample():
    return generate_vessels((40, 36, 32), seed=1)


def containers(array):
    tensor = torch.from_numpy(array)
    history = [{"class": "Earlier", "id": 1}]
    meta = MetaTensor(tensor, affine=AFFINE, meta={"name": "a"}, applied_operations=history)
    return [array, tensor, meta]


def seeded(transform, seed=0):
    return transform.set_random_state(seed) if isinstance(transform, Randomizable) else transform


def everything():
    """Every transform that fits into one chain, as a user would order them."""
    both = ["image", "label"]
    return Compose(
        [
            ours.FillNonFinited("image"),
            ours.BinarizeLabeld("label"),
            ours.ResampleToIsotropicd(both, "finest", mode=["bilinear", "label"]),
            ours.Skeletonized("label", spacing="image"),
            ours.RandCropByVesseld(
                [*both, "label_skeleton"],
                "label",
                (24, 24, 24),
                num_samples=2,
                skeleton_key="label_skeleton",
            ),
            ours.RandBreakVesseld(
                "image", prob=0.9, gap_length=(3, 4), spacing="image", gaps_key="gaps"
            ),
            ours.RandVesselFalloffd("image", prob=0.9, skeleton_key="label_skeleton"),
            ours.RandDistractorsd("image", prob=0.9),
            ours.RandPointSpreadd("image", prob=0.9, lateral=(0.2, 0.4), spacing="image"),
            ours.RandSpeckled("image", prob=0.9),
            ours.RandShotNoised("image", prob=0.9),
            ours.ScaleIntensityCutoffd("image"),
            ours.RemoveShortVesselsd("label", 1.0),
            ours.GhostsAndMissesd("label_skeleton"),
            ours.DownsampleLabeld("gaps", 2),
        ]
    )


def items(n=3):
    found = []
    for seed in range(n):
        sample = generate_vessels((32, 32, 32), seed=seed)
        image, label = torch.from_numpy(sample.image), torch.from_numpy(sample.label[None])
        item = {"image": image, "label": label}
        found.append({key: MetaTensor(value, affine=AFFINE) for key, value in item.items()})
    return found


@pytest.mark.parametrize("name", ARRAY_FORMS)
def test_aliases_are_the_dictionary_form(name):
    form = getattr(ours, f"{name}d")
    assert getattr(ours, f"{name}D") is getattr(ours, f"{name}Dict") is form
    assert issubclass(form, MapTransform)
    assert form.backend == getattr(ours, name).backend


@pytest.mark.parametrize(("_d", "_k", "make", "arguments"), IMAGE_ONLY, ids=NAMES)
@pytest.mark.parametrize("number", range(3), ids=["numpy", "tensor", "metatensor"])
def test_container_shape_and_metadata_are_kept(sample, _d, _k, make, arguments, number):
    array = sample.label[None] if make.__name__ in OF_LABELS else sample.image
    img = containers(array)[number]
    before = img.copy() if number == 0 else img.clone()
    result = seeded(make(**arguments))(img)
    assert type(result) is type(img)
    assert result.shape == img.shape
    assert np.array_equal(np.asarray(before), np.asarray(img))  # the input is not changed
    if number == 2:
        assert torch.equal(result.affine, AFFINE)
        assert result.meta["name"] == "a"
        assert [entry["class"] for entry in result.applied_operations] == ["Earlier"]


@pytest.mark.parametrize(("_", "make"), WITH_LABEL)
@pytest.mark.parametrize("number", range(3), ids=["numpy", "tensor", "metatensor"])
def test_container_and_metadata_are_kept_beside_a_label(sample, _, make, number):
    img = containers(sample.image)[number]
    before = img.copy() if number == 0 else img.clone()
    result = make(prob=1.0).set_random_state(0)(img, containers(sample.label[None])[number])
    assert type(result) is type(img)
    assert not np.array_equal(np.asarray(result), np.asarray(img))
    assert np.array_equal(np.asarray(before), np.asarray(img))
    if number == 2:
        assert torch.equal(result.affine, AFFINE)
        assert [entry["class"] for entry in result.applied_operations] == ["Earlier"]


@pytest.mark.parametrize(("make", "extra", "array", "arguments"), IMAGE_ONLY, ids=NAMES)
def test_dictionary_form_does_what_the_array_form_does(sample, make, extra, array, arguments):
    picture = sample.label[None] if array.__name__ in OF_LABELS else sample.image
    item = {"image": picture, "other": "kept"}
    result = seeded(make("image", **extra))(item)
    assert np.array_equal(result["image"], seeded(array(**arguments))(picture))
    assert result["other"] == "kept"
    assert item["image"] is picture  # the item given is not changed


@pytest.mark.parametrize(("make", "extra", "array", "_k"), IMAGE_ONLY, ids=NAMES)
def test_missing_key_is_an_error_unless_allowed(sample, make, extra, array, _k):
    picture = sample.label[None] if array.__name__ in OF_LABELS else sample.image
    extra = {key: value for key, value in extra.items() if key != "output_keys"}
    with pytest.raises(KeyError, match="missing"):
        make(["image", "missing"], **extra)({"image": picture})
    allowed = make(["image", "missing"], allow_missing_keys=True, **extra)
    assert "missing" not in allowed({"image": picture})


@pytest.mark.parametrize(("make", "_"), WITH_LABEL)
def test_missing_image_is_an_error_unless_allowed(sample, make, _):
    item = {"image": sample.image, "label": sample.label[None]}
    with pytest.raises(KeyError, match="missing"):
        make(["image", "missing"], prob=1.0)(item)
    assert "missing" not in make(["image", "missing"], prob=1.0, allow_missing_keys=True)(item)


@pytest.mark.parametrize(("make", "arguments"), STRICT)
def test_missing_channel_axis_is_refused_with_the_remedy(make, arguments):
    with pytest.raises(ValueError, match=r"x\[None\]"):
        make(**arguments)(np.ones(5))


@pytest.mark.parametrize(("make", "arguments"), STRICT)
def test_list_is_refused_by_type(make, arguments):
    with pytest.raises(TypeError, match="numpy array or a tensor, got list"):
        make(**arguments)([[1.0, 2.0]])


@pytest.mark.parametrize("name", ARRAY_FORMS)
def test_bfloat16_gives_what_the_same_numbers_give_in_float32(sample, name):
    arguments = {"RandCropByVessel": {"spatial_size": 8}, "DownsampleLabel": {"factor": 2}}
    make = functools.partial(getattr(ours, name), **arguments.get(name, {}))
    if "prob" in inspect.signature(make).parameters:
        make = functools.partial(make, prob=1.0)
    image = MetaTensor(torch.from_numpy(sample.image), affine=AFFINE).bfloat16()
    label = MetaTensor(torch.from_numpy(sample.label[None]), affine=AFFINE).bfloat16()
    one = label if name in (*OF_LABELS, "DownsampleLabel", "GhostsAndMisses") else image
    beside = name in ("GhostsAndMisses", "RandCropByVessel", "RandBreakVessel", "RandVesselFalloff")
    images = [one, label] if beside else [one]
    half, full = (
        np.stack([np.asarray(piece.float()) for piece in seeded(make())(*given)])
        for given in (images, [img.float() for img in images])
    )
    assert half.any()
    assert np.array_equal(half, full)


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "label"])
@pytest.mark.parametrize("spacing", ["finest", "coarsest"])
def test_bfloat16_is_resampled_and_brought_back(sample, mode, spacing):
    label = MetaTensor(torch.from_numpy(sample.label[None]), affine=AFFINE)
    resample = ours.ResampleToIsotropic(spacing, mode)
    half, full = resample(label.bfloat16()), resample(label.float())
    assert torch.equal(half.float().as_tensor(), full.as_tensor())
    back = resample.inverse(half.bfloat16())
    assert torch.allclose(back.float().as_tensor(), resample.inverse(full).as_tensor(), atol=0.01)


INTENSITY = [
    *(e[2] for e in IMAGE_ONLY if e[2].__name__.startswith("Rand")),
    ours.RandVesselFalloff,
]


@pytest.mark.parametrize("make", INTENSITY)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite_is_refused_instead_of_spread(sample, make, bad):
    image = sample.image.copy()
    image[0, 3, 4, 5] = bad
    arguments = (image, sample.label[None]) if make is ours.RandVesselFalloff else (image,)
    match = f"NaN or infinity in 1 of {image.size} voxels; use FillNonFinite before"
    with pytest.raises(ValueError, match=match):
        make(prob=1.0)(*arguments)
    filled = ours.FillNonFinite()(image)
    assert np.isfinite(make(prob=1.0)(filled, *arguments[1:])).all()


RANDOM = [entry for entry in IMAGE_ONLY if issubclass(entry[2], Randomizable)]


@pytest.mark.parametrize(("_d", "_k", "make", "_a"), RANDOM, ids=[e[2].__name__ for e in RANDOM])
def test_probability_and_seed_are_kept(sample, _d, _k, make, _a):
    assert make(prob=0.0)(sample.image) is sample.image
    half = make(prob=0.5).set_random_state(0)
    n_acted = sum(half(sample.image) is not sample.image for _ in range(60))
    assert 15 < n_acted < 45
    first, second = (make(prob=1.0).set_random_state(3) for _ in range(2))
    one = first(sample.image)
    assert np.array_equal(one, second(sample.image))
    assert np.array_equal(one, first(sample.image, randomize=False))
    assert not np.array_equal(one, first(sample.image))


def test_chain_of_all_is_reproducible_and_survives_pickling():
    item = items(1)[0]
    results = []
    for steps in (everything(), pickle.loads(pickle.dumps(everything()))):
        results.append(steps.set_random_state(7)(item))
    for first, second in zip(*results, strict=True):
        assert set(first) == set(second)
        for key in first:
            assert torch.equal(first[key].as_tensor(), second[key].as_tensor())
            assert torch.equal(first[key].affine, second[key].affine)
    others = everything().set_random_state(8)(item)
    assert not torch.equal(others[0]["image"].as_tensor(), results[0][0]["image"].as_tensor())


def test_set_determinism_reaches_the_chain():
    item, found = items(1)[0], []
    for _ in range(2):
        set_determinism(11)
        found.append(everything()(item)[0]["image"].as_tensor())
    set_determinism(None)
    assert torch.equal(*found)


def test_chain_of_all_runs_in_two_workers_with_different_draws():
    steps = everything().set_random_state(0)
    repeated = [items(1)[0]] * 4
    batches = []
    for _ in range(2):
        torch.manual_seed(0)
        loader = DataLoader(Dataset(repeated, steps), batch_size=2, num_workers=2)
        batches.append([batch["image"].as_tensor() for batch in loader])
    assert [tuple(batch.shape) for batch in batches[0]] == [(4, 1, 24, 24, 24)] * 2
    for first, second in zip(*batches, strict=True):
        assert torch.equal(first, second)
    images = torch.cat(batches[0])
    for i in range(len(images)):
        for j in range(i):
            assert not torch.equal(images[i], images[j])


def test_transforms_work_as_targets_of_a_config():
    names = ["FillNonFinited", "RandBreakVesseld", "ScaleIntensityCutoffd"]
    steps = [{"_target_": f"cldice_monai.transforms.{name}", "keys": "image"} for name in names]
    steps.append({"_target_": "cldice_monai.transforms.Skeletonized", "keys": "label"})
    parser = ConfigParser({"steps": {"_target_": "Compose", "transforms": steps}})
    transforms = parser.get_parsed_content("steps")
    assert isinstance(transforms, Compose)
    item = transforms(items(1)[0])
    assert 0 <= float(item["image"].min()) < float(item["image"].max()) <= 1
    assert item["label_skeleton"].dtype == torch.uint8
    assert bool((item["label_skeleton"] <= item["label"]).all())


@pytest.mark.parametrize(
    "make", [Dataset, lambda data, steps: CacheDataset(data, steps, progress=False)]
)
def test_crops_from_two_workers_go_back_to_the_grid_of_the_file(make):
    both = ["image", "label"]
    steps = Compose(
        [
            ours.ResampleToIsotropicd(both, "finest", mode=["bilinear", "label"]),
            ours.Skeletonized("label"),
            ours.RandCropByVesseld(both, "label", 24, num_samples=2, skeleton_key="label_skeleton"),
            ours.RandBreakVesseld("image", prob=1.0, gap_length=(3, 4)),
        ]
    ).set_random_state(0)
    whole = items(2)
    loader = DataLoader(make(whole, steps), batch_size=2, num_workers=2)
    found = [item for batch in loader for item in decollate_batch(batch)]
    assert len(found) == 4
    for number, item in enumerate(found):
        back, file = steps.inverse(item), whole[number // 2]
        for key in both:
            assert back[key].shape == file[key].shape
            assert torch.equal(back[key].affine, file[key].affine)
        # every voxel of the crop that came back lies on or beside a voxel of the label
        inside = back["label"] > 0
        assert inside.sum() > 50
        near = torch.nn.functional.max_pool3d(file["label"].float()[None], 3, 1, 1)[0] > 0
        assert bool((near | ~inside).all())


@pytest.mark.parametrize(("_d", "_k", "make", "_a"), RANDOM, ids=[e[2].__name__ for e in RANDOM])
@pytest.mark.parametrize("dtype", [torch.float16, torch.int16, torch.float64])
def test_other_number_types_become_float32(sample, _d, _k, make, _a, dtype):
    image = torch.from_numpy(sample.image).to(dtype)
    result = make(prob=1.0).set_random_state(0)(image)
    assert result.dtype == torch.float32
    assert bool(torch.isfinite(result).all())
