import pytest
import torch
from monai.inferers import SimpleInferer, SlidingWindowInferer
from monai.networks.nets import UNet

from cldice_monai.inferers import AutocastInferer, cpu_has_bfloat16


def _network() -> UNet:
    torch.manual_seed(0)
    return UNet(3, 1, 1, (4, 8), (2,), norm="BATCH").eval()


def test_network_sees_bfloat16_and_the_caller_float32():
    seen = []

    def network(x: torch.Tensor) -> torch.Tensor:
        product = torch.nn.functional.conv3d(x, torch.ones(1, 1, 1, 1, 1))
        seen.append(product.dtype)
        return product

    out = AutocastInferer(SimpleInferer(), precision="bfloat16")(torch.ones(1, 1, 4, 4, 4), network)
    assert seen == [torch.bfloat16]
    assert out.dtype == torch.float32


def test_float32_is_exactly_the_wrapped_inferer():
    network, x = _network(), torch.rand(1, 1, 16, 16, 16)
    wrapped = SlidingWindowInferer((8, 8, 8), overlap=0.5, mode="gaussian")
    with torch.no_grad():
        expected = wrapped(x, network)
        assert torch.equal(AutocastInferer(wrapped, precision="float32")(x, network), expected)


def test_bfloat16_windows_agree_with_float32_to_its_precision():
    network, x = _network(), torch.rand(1, 1, 16, 16, 16)
    wrapped = SlidingWindowInferer((8, 8, 8), overlap=0.5, mode="gaussian")
    with torch.no_grad():
        expected = torch.sigmoid(wrapped(x, network))
        found = torch.sigmoid(AutocastInferer(wrapped, precision="bfloat16")(x, network))
    assert not torch.equal(found, expected)
    assert torch.allclose(found, expected, atol=0.02)


def test_gradients_reach_float32_parameters():
    network = _network().train()
    out = AutocastInferer(SimpleInferer(), precision="bfloat16")(torch.rand(2, 1, 8, 8, 8), network)
    out.mean().backward()
    for parameter in network.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.grad is not None


def test_lists_and_dictionaries_come_back_as_float32():
    def network(x: torch.Tensor) -> dict[str, list[torch.Tensor]]:
        return {"heads": [x.bfloat16(), x.bfloat16()]}

    out = AutocastInferer(SimpleInferer(), precision="bfloat16")(torch.ones(1, 1, 4, 4), network)
    assert [head.dtype for head in out["heads"]] == [torch.float32] * 2


def test_auto_follows_the_cpu():
    inferer = AutocastInferer(SimpleInferer())
    assert inferer.uses_bfloat16 is cpu_has_bfloat16()


def test_old_torch_that_cannot_say_means_no(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert cpu_has_bfloat16() is False


def test_other_precision_is_refused():
    with pytest.raises(ValueError, match="got 'float16'"):
        AutocastInferer(SimpleInferer(), precision="float16")
