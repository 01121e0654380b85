from pathlib import Path

from app.desk.session_files import earlier_sessions, is_session, new_session
from core.project.cases import NewCase


def test_each_window_has_a_session_of_its_own_and_empty_ones_go(tmp_path):
    first, second, third = (new_session(tmp_path) for _ in range(3))
    assert len({project.path for project in (first, second, third)}) == 3
    assert all(is_session(project.path, tmp_path) for project in (first, second, third))
    first.add_cases([NewCase(Path("/data/a.png"), "a")])
    first.close()
    second.close()
    (found,) = earlier_sessions(tmp_path)
    assert (found.path, found.images, found.first_name) == (first.path, 1, "a")
    assert not second.path.exists(), "an empty one"
    assert third.path.exists(), "another window has it open"
    third.close()


def test_what_is_damaged_is_left_alone(tmp_path):
    broken = tmp_path / "session-1.cairn"
    broken.write_bytes(b"no database")
    assert earlier_sessions(tmp_path) == []
    assert broken.exists()
    assert earlier_sessions(tmp_path / "missing") == []
