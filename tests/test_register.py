"""Bare names in MONAI configs after, before and without the registration."""

import subprocess
import sys

import monai
import pytest

BEFORE = """
import monai.losses, monai.bundle
from monai.bundle import ConfigParser
def loss_of(imports):
    config = {"loss": {"_target_": "SoftclDiceLoss"}, "dice": {"_target_": "DiceLoss"}}
    parser = ConfigParser({"imports": imports, **config})
    parser.parse(True)
    parser.get_parsed_content("imports")
    modules = [type(parser.get_parsed_content(k)).__module__.split(".")[0] for k in config]
    return modules
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEFORE + code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n"), done.stderr


@pytest.mark.slow
def test_the_import_in_a_config_makes_bare_names_ours_and_leaves_the_others():
    lines, errors = run(
        "import logging; logging.basicConfig(level=logging.INFO)\n"
        "import cldice_monai\n"
        "print(loss_of([]))\n"
        'print(loss_of(["$import cldice_monai.register"]))\n'
        'print(loss_of(["$import cldice_monai.register"]))\n'
        "from cldice_monai.register import register, unregister\n"
        "register(); unregister(); print(loss_of([]))\n"
        "unregister(); register(); print(loss_of([]))\n"
    )
    assert lines[:5] == [
        "['monai', 'monai']",
        "['cldice_monai', 'monai']",
        "['cldice_monai', 'monai']",
        "['monai', 'monai']",
        "['cldice_monai', 'monai']",
    ]
    assert errors.count("now resolve in MONAI configs") == 2  # the import, and the last register()


def test_every_public_class_resolves_and_only_two_names_are_taken_from_monai():
    from cldice_monai.register import registered_names

    names = registered_names()
    for name in ("SoftclDiceLoss", "SoftDiceclDiceLoss", "CompoundclDiceLoss", "ClDiceMetric"):
        assert name in names
    theirs = set(dir(monai.losses)) | set(dir(monai.metrics)) | set(dir(monai.transforms))
    assert theirs & set(names) == {"SoftclDiceLoss", "SoftDiceclDiceLoss"}
