import pytest

from app.desk import crew_plan
from app.desk.crew_plan import plan_crew


@pytest.fixture
def memory(monkeypatch):
    def there_is(available: float) -> None:
        monkeypatch.setattr(crew_plan, "available_bytes", lambda: int(available))

    there_is(64e9)
    return there_is


@pytest.mark.parametrize(
    ("cores", "spare", "available", "children", "alone"),
    [
        (8, 0, 64e9, 8, 8),
        (8, 1, 64e9, 7, 7),
        (1, 1, 64e9, 1, 1),
        (8, 0, 2.5e9, 2, 8),
        (8, 0, 0.5e9, 1, 8),
        (64, 0, 256e9, 16, 64),
    ],
)
def test_cores_and_memory_say_how_many(memory, cores, spare, available, children, alone):
    memory(available)
    plan = plan_crew(cores=cores, spare_cores=spare)
    assert (plan.children, plan.cores) == (children, alone)
    assert plan.children * plan.share_bytes <= 0.75 * available + 1


def test_what_a_person_asks_for_is_taken(memory):
    plan = plan_crew(3, cores=2, considerate=True)
    assert (plan.children, plan.considerate) == (3, True)


def test_less_memory_means_fewer_children(memory):
    plan = plan_crew(cores=8, memory_gb=2)
    assert (plan.children, plan.share_bytes) == (2, 1e9)


def test_this_computer_has_a_core():
    assert crew_plan.usable_cores() >= 1
