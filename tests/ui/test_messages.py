"""What was said can be read again: counted, bounded, errors in full, forgotten when the vault locks."""

from __future__ import annotations

from collections.abc import Callable

from backend.kube.errors import Unreachable
from console.application import NavarchApp
from console.messages import MOST, Messages
from console.theme import Tone
from tests.ui.seeing import gone, see, write

Open = Callable[..., NavarchApp]


def test_the_same_sentence_counts_and_comes_last() -> None:
    messages = Messages()
    for moment, text in enumerate(("one", "two", "one")):
        messages.note(text, Tone.TEXT, now=float(moment))
    two, one = messages.all()
    assert (two.text, two.count) == ("two", 1)
    assert (one.text, one.count, one.first, one.last) == ("one", 2, 0.0, 2.0)


def test_only_so_many_are_kept() -> None:
    messages = Messages()
    for number in range(MOST + 50):
        messages.note(f"message {number}", Tone.TEXT, now=0.0)
    kept = messages.all()
    assert len(kept) == MOST
    assert kept[0].text == "message 50"


async def test_an_error_can_be_read_again_in_full(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "3 clusters")
        error = Unreachable("prod-eu", "no answer within 10 s", advice="Look at the VPN", detail="errno 110")
        for _ in range(3):
            app.tell_error(error)
        app.say("something else")
        await write(pilot, "M")
        await see(pilot, "2 kept", "1 error", "3×", "no answer within 10 s")
        await pilot.press("down", "enter")
        await see(pilot, "3 times, first", "Look at the VPN", "errno 110")
        await pilot.press("escape", "escape")
        await see(pilot, "3 clusters")


async def test_new_messages_come_to_an_open_screen(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":messages")
        await pilot.press("enter")
        await see(pilot, "Nothing was said yet")
        app.say("just now")
        await gone(pilot, "Nothing was said yet")
        await see(pilot, "1 kept")


async def test_locking_forgets_them(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "3 clusters")
        app.say("pod secret-project was deleted")
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")
    assert app.messages.all() == []
