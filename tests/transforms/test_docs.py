"""docs/transforms.md: every transform has its section, its picture, and a snippet that runs."""

import json
import re

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import MapTransform

from cldice_monai import transforms
from cldice_monai.data.synthetic import generate_vessels
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "transforms.md").read_text()
SNIPPETS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
NAMES = [snippet["_target_"].rsplit(".", 1)[-1] for snippet in SNIPPETS]
ARRAY_FORMS = [name for name in transforms.__all__ if f"{name}Dict" in transforms.__all__]


def item():
    sample = generate_vessels((40, 40, 40), seed=0)
    affine = torch.diag(torch.tensor([1.0, 1.0, 2.0, 1.0], dtype=torch.float64))
    image, label = torch.from_numpy(sample.image), torch.from_numpy(sample.label[None])
    made = {"image": image, "label": label, "pred": (image > 150).to(torch.uint8)}
    return {key: MetaTensor(value, affine=affine) for key, value in made.items()}


@pytest.mark.parametrize("snippet", SNIPPETS, ids=NAMES)
def test_snippet_runs(snippet):
    resample = SNIPPETS[NAMES.index("ResampleToIsotropicd")]
    parser = ConfigParser({"step": snippet, "resample": resample})
    step, data = parser.get_parsed_content("step"), item()
    if snippet.get("transform") == "@resample":
        data = parser.get_parsed_content("resample")(data)
        data["pred"] = MetaTensor((data["image"] > 150).as_tensor())
    result = step(data)
    for one in result if isinstance(result, list) else [result]:
        assert set(one) >= {"image", "label", "pred"}
    if snippet.get("transform") == "@resample":
        assert result["pred"].shape == (1, 40, 40, 40)


@pytest.mark.parametrize("name", ARRAY_FORMS)
def test_every_transform_has_a_section_and_a_snippet(name):
    assert re.search(rf"^##+ {name}$", PAGE, re.MULTILINE)
    assert f"{name}d" in NAMES
    assert issubclass(getattr(transforms, f"{name}d"), MapTransform)


def test_script_draws_the_pictures_of_the_page(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import draw_transforms
    from PIL import Image

    draw_transforms.main([str(tmp_path)])
    drawn = {path.name: np.asarray(Image.open(path)) for path in tmp_path.iterdir()}
    assert set(drawn) == set(re.findall(r"images/(transforms_\w+\.png)", PAGE))
    for name, picture in drawn.items():
        checked_in = np.asarray(Image.open(ROOT / "docs" / "images" / name))
        assert checked_in.shape == picture.shape
        assert len(np.unique(picture)) > 1
        assert not np.array_equal(picture[:, :216], picture[:, -216:])  # it does something
