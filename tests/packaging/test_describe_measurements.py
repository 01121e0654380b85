"""The page of all measurements is what the data files say."""

from core.measuring.file import bundled_analyses
from tests.support.frozen_fixtures import import_script

describing = import_script("describe_measurements")


def test_committed_page_is_what_the_data_files_say() -> None:
    committed = describing.PAGE.read_text(encoding="utf-8")
    assert committed == describing.page(), "run .venv/bin/python packaging/describe_measurements.py"


def test_page_holds_every_measurement_with_definition_norms_and_source() -> None:
    page = describing.page()
    for analysis in bundled_analyses():
        section = page.split(f"(`{analysis.name}`)\n")[1].split("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| **")]
        shown = [one for one in analysis.measurements if not one.hidden]
        assert len(rows) == len(shown)
        for row, one in zip(rows, shown, strict=True):
            assert row.startswith(f"| **{one.name}**")
            assert one.definition in row
            assert one.source in row
            assert row.endswith(f" | {one.checked or 'not compared'} |")
            assert row.count(" | ") == 5, row
            for norm in one.norms:
                assert f"{norm.low if norm.mean is None else norm.mean:g}".replace("-", "−") in row


def test_page_names_what_the_bundled_model_does_not_find() -> None:
    page = describing.page()
    tweed = page.split("(`tweed`)\n")[1]
    assert (
        "Not found by the bundled model, so to be placed by a person or another model: Lower incisor apex (L1A)."
        in tweed
    )
    assert "Not found" not in page.split("(`jarabak`)\n")[1].split("\n## ")[0]
