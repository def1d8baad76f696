"""The parameters cell is read as Python reads it."""

import papermill  # noqa: F401 - it loads the engine, and has to do so first
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mlops_nb.base.errors import UserError
from mlops_nb.engine.declared import check_parameters
from mlops_nb.engine.stage import default_parameters


def parameters_of(source: str) -> dict:
    return default_parameters(new_notebook(cells=[new_code_cell(source, metadata={"tags": ["parameters"]})]))


CONSTANTS = {
    "'a=b'": "a=b", "'#ff0000'  # a colour": "#ff0000", "60 * 60": 3600, "-1": -1, "None": None, "1e-4": 1e-4,
    "[1,\n     2]": [1, 2], "{'a': 1,\n     'b': 2}": {"a": 1, "b": 2}, "dict(a=1, b=[2 * 3])": {"a": 1, "b": [6]},
    "'https://bank/?day=1&x=2'": "https://bank/?day=1&x=2", '"""two\nlines"""': "two\nlines",
    "('a'  # first\n     'b')": "ab", "float('inf')": float("inf"), "(1, 2)": (1, 2), "{3}": {3},
}


@pytest.mark.parametrize("source, value", CONSTANTS.items(), ids=range(len(CONSTANTS)))
def test_a_constant_is_a_parameter(source, value):
    assert parameters_of(f"%matplotlib inline\nimport os\np = {source}\nq: int = 1; r: str") == {
        "p": value, "q": 1, "r": None}


@pytest.mark.parametrize("source", ["os.getlogin()", "days * 2", "f'{days}'", "[open('x')]", "1 / 0", "().__class__"])
def test_what_is_no_constant_is_named(source):
    with pytest.raises(UserError) as refused:
        parameters_of(f"days = 1\np = {source}")
    assert "the parameter 'p' is no constant" in str(refused.value) and "line 2" in str(refused.value)


@pytest.mark.parametrize("default", [(1, 2), {1, 2}, b"x", 1j], ids=str)
def test_a_type_that_has_no_word_is_still_named(default):
    with pytest.raises(UserError, match="wrong type"):
        check_parameters({"p": "x"}, {"p": default})
