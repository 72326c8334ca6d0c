"""The default volumes are made once, whoever asks first."""

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import DEFAULT_DATASET_DIR, default_data, ensure_default_data


@pytest.mark.parametrize("other_was_first", [True, False])
def test_a_process_that_comes_second_takes_what_is_there(other_was_first, tmp_path, monkeypatch):
    def write(folder, **_):
        if other_was_first:
            folder.mkdir()
        raise InputError("cannot be written (Directory not empty)")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(default_data, "write_synthetic_dataset", write)
    if other_was_first:
        ensure_default_data(DEFAULT_DATASET_DIR)
        return
    with pytest.raises(InputError, match="cannot be written"):
        ensure_default_data(DEFAULT_DATASET_DIR)
