"""The wheel, turned by hand: one turn is one second."""

from dataclasses import dataclass, field

import pytest

from realtime.transport.websocket.wheel import SLOTS, Wheel


@dataclass(eq=False)
class Watched:
    """Records the turns in which it was checked, and returns the given answers."""

    answers: list[float | None]
    looked_at: list[int] = field(default_factory=list)
    turn: int = 0

    def tick(self) -> float | None:
        """Record the turn."""
        self.looked_at.append(self.turn)
        return self.answers.pop(0) if self.answers else None


def turned(wheel: Wheel, times: int, *watched: Watched) -> None:
    """Turn the wheel this many times."""
    for _ in range(times):
        for one in watched:
            one.turn += 1
        wheel.turn()


def test_items_are_ticked_when_they_are_due() -> None:
    """Items are checked in the order of their times, whatever order they were added in."""
    wheel, late, soon = Wheel(), Watched([]), Watched([])
    wheel.add(late, 30)
    wheel.add(soon, 2)

    turned(wheel, 100, late, soon)

    assert (soon.looked_at, late.looked_at) == ([2], [30])


def test_an_item_sets_its_next_tick() -> None:
    """The item's answer sets the next check; None ends it."""
    wheel, watched = Wheel(), Watched([5, 20.4, 1, None, 7])
    wheel.add(watched, 3)

    turned(wheel, 200, watched)

    assert watched.looked_at == [3, 8, 28, 29]


@pytest.mark.parametrize(
    ("in_s", "turn"), [(-1, 1), (0, 1), (0.4, 1), (1.6, 2), (63, 63), (64, 63), (10_000, SLOTS - 1)]
)
def test_a_delay_is_bounded_by_the_wheel(in_s: float, turn: int) -> None:
    """A time is at least one turn and at most one less than the slots: never the current slot."""
    wheel, watched = Wheel(), Watched([])
    turned(wheel, 40)
    wheel.add(watched, in_s)

    turned(wheel, 3 * SLOTS, watched)

    assert watched.looked_at == [turn]


def test_a_failing_item_does_not_stop_the_wheel(caplog: pytest.LogCaptureFixture) -> None:
    """An item that fails does not stop the wheel, on which all pings depend."""

    class Faulty(Watched):
        def tick(self) -> float | None:
            super().tick()
            raise RuntimeError("a fault")

    wheel, faulty, others = Wheel(), Faulty([]), [Watched([3]) for _ in range(20)]
    for one in (*others[:10], faulty, *others[10:]):
        wheel.add(one, 1)

    turned(wheel, 10, faulty, *others)

    assert [one.looked_at for one in others] == [[1, 4]] * 20
    assert faulty.looked_at == [1]
    assert [record.message for record in caplog.records if record.exc_info] == ["a tick failed"]
