import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "topology.md"


def test_the_examples_of_the_page_give_what_it_says():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0
