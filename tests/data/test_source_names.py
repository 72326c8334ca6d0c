"""The datasets that can be prepared, by name."""

import pytest

from cldice_monai.data.source_names import source_named
from cldice_monai.errors import InputError


@pytest.mark.parametrize(("name", "channels"), [("drive", 1), ("vessap", 3), ("folder", 0)])
def test_channels_that_a_dataset_does_not_have_are_refused(name, channels):
    with pytest.raises(InputError, match="channels"):
        source_named(name, in_channels=channels)


def test_unknown_dataset_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="choose one of vessap, deepvesselnet, drive"):
        source_named("stare")
