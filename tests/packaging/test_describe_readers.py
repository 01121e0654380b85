"""The bundled table of readers is what the two doctors' positions on the training films give."""

import os
import tomllib
from pathlib import Path

import pytest

from tests.support.frozen_fixtures import import_script

describing = import_script("describe_readers")


@pytest.mark.realdata
def test_the_committed_table_is_that_of_the_training_films() -> None:
    data = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "cephalometric"
    if not data.is_dir():
        pytest.skip(f"the cephalometric data set is not at {data}; CAIRN_DATA says where its parent is")
    assert describing.table(data) == tomllib.loads(describing.TABLE.read_text(encoding="utf-8"))
