"""The frame of the command line: its words, its faults and its exit status."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

import cldice_monai
from cldice_monai import cli
from cldice_monai.errors import InputError


def _verb_that_raises(error: BaseException):
    """A command module whose only command is called ``fail``."""

    class Verb:
        @staticmethod
        def add_parser(subparsers):
            def run(options: argparse.Namespace) -> int:
                raise error

            subparsers.add_parser("fail").set_defaults(run=run)

    return Verb


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"cldice-monai {cldice_monai.__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["prepare", "--help"]])
def test_help_and_usage_fit_into_80_columns(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main(words)
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).splitlines()
    assert len(lines) >= 2
    assert max(map(len, lines)) <= 80


def test_command_by_itself_says_what_commands_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert {"predict", "evaluate", "cross-validate"} <= set(capsys.readouterr().err.split())


def test_each_fault_is_one_line_and_the_status_is_1(capsys, monkeypatch):
    fault = InputError("a.nii: bad; mend it\nb.nii: bad; mend it")
    monkeypatch.setattr(cli, "_VERBS", (_verb_that_raises(fault),))
    assert cli.main(["fail"]) == 1
    assert capsys.readouterr().err == "error: a.nii: bad; mend it\nerror: b.nii: bad; mend it\n"


def test_interruption_is_one_line_and_the_status_of_a_shell(capsys, monkeypatch):
    monkeypatch.setattr(cli, "_VERBS", (_verb_that_raises(KeyboardInterrupt()),))
    assert cli.main(["fail"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_fault_of_the_program_itself_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(cli, "_VERBS", (_verb_that_raises(ZeroDivisionError()),))
    with pytest.raises(ZeroDivisionError):
        cli.main(["fail"])


def test_unknown_command_ends_with_status_2(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["conjure"])
    assert ended.value.code == 2
    assert "invalid choice: 'conjure'" in capsys.readouterr().err


def test_module_runs_as_the_command_line():
    command = [sys.executable, "-m", "cldice_monai", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("cldice-monai ")


def test_predict_starts_without_modules_that_it_may_never_need(tmp_path):
    # what would make the start slow beside torch and monai, which every run needs
    program = (
        "import sys, torch, monai, nibabel; before = set(sys.modules);"
        "from cldice_monai.cli import main; import cldice_monai.inference.run;"
        "main(['predict', 'nowhere.nii', '-o', sys.argv[1]]);"
        "heavy = {'itk', 'zarr', 'dask', 'distributed', 'matplotlib', 'ignite', 'skimage',"
        "'tensorboard', 'onnx', 'h5py', 'pandas', 'sympy'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
    assert "nowhere.nii: there is no such file" in result.stderr
