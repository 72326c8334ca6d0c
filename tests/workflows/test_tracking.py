import importlib.util

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import require_tracking_package


@pytest.mark.parametrize("words", [["--tracking", "mlflow"], ["run", "--tracking=mlflow", "-x"]])
def test_tracking_without_mlflow_names_the_extra(words, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'cldice-monai\[mlflow\]'"):
        require_tracking_package(words)


def test_tracking_with_mlflow_or_settings_of_ones_own_passes(monkeypatch):
    asked = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: asked.append(name) or object())
    require_tracking_package(["--tracking", "my_settings.json", "--run_name", "mlflow"])
    assert asked == [], "settings of one's own are not mlflow's matter"
    require_tracking_package(["--tracking", "mlflow"])
    assert asked == ["mlflow"]
