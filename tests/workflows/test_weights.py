import pickle
from pathlib import Path

import pytest
import torch
from monai.networks.nets import UNet
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows.weights import load_weights, norm_of, save_weights


def _network(width: int = 3) -> nn.Module:
    torch.manual_seed(width)
    return nn.Sequential(nn.Conv3d(1, width, 3), nn.Conv3d(width, 1, 1))


def test_weights_come_back_as_they_were_saved(tmp_path: Path):
    saved, loaded = _network(), _network()
    with torch.no_grad():
        saved[0].weight.add_(1.0)
    save_weights(saved, tmp_path / "models" / "model.pt")
    load_weights(loaded, tmp_path / "models" / "model.pt")
    assert torch.equal(loaded[0].weight, saved[0].weight)
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["model.pt"]


@pytest.mark.parametrize("norm", ["BATCH", "INSTANCE"])
def test_norm_of_a_network_is_told_by_its_weights(tmp_path: Path, norm: str):
    network = UNet(3, 1, 1, channels=(4, 8), strides=(2,), norm=norm)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "model.pt")
    assert norm_of(tmp_path / "model.pt") == norm


def test_norm_without_weights_is_that_of_a_new_training(tmp_path: Path):
    assert norm_of(None) == norm_of(tmp_path / "none.pt") == "INSTANCE"


def test_norm_of_a_damaged_file_is_not_guessed(tmp_path: Path):
    (tmp_path / "model.pt").write_bytes(b"no weights")
    with pytest.raises(InputError, match="not a readable PyTorch checkpoint"):
        norm_of(tmp_path / "model.pt")


@pytest.mark.parametrize("key", ["model", "state_dict"])
def test_weights_under_a_key_are_found(tmp_path: Path, key: str):
    saved, loaded = _network(), _network()
    with torch.no_grad():
        saved[1].bias.fill_(5.0)
    torch.save({key: saved.state_dict(), "epoch": 3}, tmp_path / "model.pt")
    load_weights(loaded, tmp_path / "model.pt")
    assert loaded[1].bias.item() == 5.0


def test_a_number_for_a_path_is_one_line():
    with pytest.raises(InputError, match="weights was read as 3, which is not a path"):
        load_weights(_network(), 3)


def test_missing_file_says_how_to_get_one(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.pt: no such file; .*--weights"):
        load_weights(_network(), tmp_path / "nowhere.pt")


def test_name_that_the_command_line_made_a_number_of_is_refused():
    with pytest.raises(InputError, match=r"weights was read as 5, .*--weights \./NAME"):
        load_weights(nn.Linear(1, 1), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint", b"PK\x03\x04 cut off", b"hello world", b"epoch: 3\n"],
)
def test_unreadable_file_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.pt: not a readable PyTorch checkpoint") as caught:
        load_weights(_network(), path)
    assert "\n" not in str(caught.value)


def test_truncated_checkpoint_is_named(tmp_path: Path):
    path = tmp_path / "model.pt"
    save_weights(_network(), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"model\.pt: not a readable PyTorch checkpoint"):
        load_weights(_network(), path)


def test_pickled_code_is_refused_not_executed(tmp_path: Path):
    path = tmp_path / "model.pt"
    torch.save(_network(), path)  # the module itself, with its classes
    with pytest.raises(InputError, match="not a readable PyTorch checkpoint"):
        load_weights(_network(), path)


def test_checkpoint_of_another_network_says_which_layer_differs(tmp_path: Path):
    save_weights(_network(3), tmp_path / "model.pt")
    with pytest.raises(
        InputError, match=r"of another network: 3 parameters differ, the first is 0\.weight"
    ):
        load_weights(_network(4), tmp_path / "model.pt")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2]])
def test_file_without_weights_says_so(tmp_path: Path, content: object):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(InputError, match="holds no state_dict"):
        load_weights(_network(), tmp_path / "model.pt")


def test_weights_with_nan_are_refused(tmp_path: Path):
    network = _network()
    with torch.no_grad():
        network[1].bias.fill_(float("nan"))
    save_weights(network, tmp_path / "model.pt")
    with pytest.raises(InputError, match=r"model\.pt: 1\.bias holds NaN or infinity"):
        load_weights(_network(), tmp_path / "model.pt")


def test_plain_pickle_is_one_error_without_a_warning(tmp_path: Path):
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps({"x": 1}))
    with pytest.raises(InputError, match=r"model\.pt: "):
        load_weights(_network(), path)
