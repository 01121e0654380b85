from app.session.shown_job import ShownJob
from app.session.view_state import Progress, ViewState


def test_the_job_that_spoke_last_is_shown_and_after_it_one_that_still_runs():
    state = ViewState()
    shown = ShownJob(state)
    search, saving = object(), object()
    shown.show(search, "Global stage", 0.25)
    shown.show(saving, "Saving scan.csv", cancellable=False)
    assert state.progress == Progress(-1.0, "Saving scan.csv", cancellable=False)
    assert shown.job is saving
    shown.hide(saving)
    assert state.progress == Progress(0.25, "Global stage")
    assert shown.job is search
    shown.show(search, "Local stage", 0.5)
    shown.hide(search)
    shown.hide(search)
    assert state.progress is None
    assert shown.job is None
