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
    require_tracking_package(["--tracking", "my_settings.json", "--run_name", "mlflow"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "mlflow")
    require_tracking_package(["--tracking", "mlflow"])
