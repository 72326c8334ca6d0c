import subprocess
import sys

from cldice_monai.errors import InputError, find_input_error


def test_input_error_is_found_behind_the_errors_that_wrap_it():
    try:
        try:
            raise InputError("a.nii.gz: cut off")
        except InputError as error:
            raise RuntimeError("Failed to evaluate $expression") from error
    except RuntimeError as error:
        found = find_input_error(error)
    assert str(found) == "a.nii.gz: cut off"


def test_other_errors_are_not_taken_for_input_errors():
    assert find_input_error(ValueError("x")) is None
    assert find_input_error(None) is None


def _run(program: str) -> subprocess.CompletedProcess[str]:
    start = (
        "from cldice_monai.errors import InputError, show_input_errors_as_one_line\n"
        "show_input_errors_as_one_line(); show_input_errors_as_one_line()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", start + program], capture_output=True, text=True, check=False
    )


def test_uncaught_input_error_prints_one_line_and_fails():
    result = _run("raise RuntimeError('wrapped') from InputError('scan.nii.gz: cut off')")
    assert result.stderr == "error: scan.nii.gz: cut off\n"
    assert result.returncode == 1


def test_uncaught_other_errors_keep_their_traceback():
    result = _run("raise KeyError('roi')")
    assert "Traceback" in result.stderr
    assert "KeyError: 'roi'" in result.stderr
    assert result.returncode == 1


def test_several_faults_are_one_line_each():
    result = _run("raise InputError('a.nii.gz: cut off\\nb.nii.gz: cut off')")
    assert result.stderr == "error: a.nii.gz: cut off\nerror: b.nii.gz: cut off\n"


def test_ctrl_c_ends_with_one_line_and_the_status_of_a_stopped_program():
    result = _run("raise KeyboardInterrupt")
    assert result.stderr == "error: stopped\n"
    assert result.returncode in (130, -2)  # a shell shows the second as 130 too
