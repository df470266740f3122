"""Full rounds of the garbage collector come when nobody waits for the screen."""

from __future__ import annotations

from console.collector import Collector


class Hours:
    """A collector, a clock to turn, and how many rounds there were."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.rounds = 0
        self.collector = Collector(collect=self._collect, clock=lambda: self.now)

    def _collect(self) -> None:
        self.rounds += 1

    def pass_by(self, seconds: float, *, typing: bool = False) -> None:
        for _ in range(round(seconds / 0.5)):
            self.now += 0.5
            if typing:
                self.collector.key()
            self.collector.look()


def test_seldom_while_one_view_is_looked_at() -> None:
    hours = Hours()
    hours.pass_by(3600)
    assert hours.rounds == 12


def test_soon_after_a_view_was_left() -> None:
    hours = Hours()
    hours.collector.view_left()
    hours.pass_by(0.5)
    assert hours.rounds == 0
    hours.pass_by(1)
    assert hours.rounds == 1
    hours.pass_by(60)
    assert hours.rounds == 1


def test_not_while_somebody_types_but_not_put_off_for_ever() -> None:
    hours = Hours()
    hours.collector.view_left()
    hours.pass_by(15, typing=True)
    assert hours.rounds == 0
    hours.pass_by(1)
    assert hours.rounds == 1
    hours.collector.view_left()
    hours.pass_by(30, typing=True)
    assert hours.rounds == 2
