"""Rights and acting as others in the console: what is shown, and that nobody can forget as whom they act."""

from __future__ import annotations

from collections.abc import Callable

from console.application import NavarchApp
from tests.ui.double import FleetDouble, SessionDouble
from tests.ui.seeing import gone, screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def test_acting_as_somebody_is_told_everywhere_and_left_with_one_key(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        assert "as ops-bot" not in screen_text(app)
        session.fleet, before = FleetDouble(), session.fleet
        await write(pilot, ":as ops-bot,devs --uid 7")
        await pilot.press("enter")
        await see(pilot, "as ops-bot (devs, uid 7)  fleet", "U ends it", "U ourselves again")
        await until(pilot, lambda: before.closed)
        assert session.acting_as is not None
        assert (session.acting_as.user, session.acting_as.groups) == ("ops-bot", ("devs",))
        await write(pilot, ":pods @prod-eu -n pay")
        await pilot.press("enter")
        await see(pilot, "as ops-bot (devs, uid 7)  fleet/prod-eu/pods")
        await pilot.press("D")
        await see(pilot, "Keep everything", "─ as ops-bot (devs, uid 7) ─")
        await pilot.press("escape")
        await pilot.press("U")
        await see(pilot, "as ourselves again")
        await gone(pilot, "as ops-bot")
        assert session.acting_as is None


async def test_words_that_name_nobody_change_nothing(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        for line in (":as group:devs", ":as a b", ":as alice --uid", ":as sa:x"):
            await write(pilot, line)
            await pilot.press("enter")
            await see(pilot, "Write")
            assert session.acting_as is None
        await pilot.press("A")
        await see(pilot, "Act as", "no server knows them")
        await write(pilot, "sa:pay/bot")
        await pilot.press("enter")
        await see(pilot, "as system:serviceaccount:pay:bot")


async def test_a_kubeconfig_that_acts_as_somebody_says_so(open_app: Open) -> None:
    from dataclasses import replace

    from backend.kube.access import Impersonation

    fleet = FleetDouble()
    who = Impersonation(user="robot")
    fleet.members[0] = replace(fleet.members[0], access=replace(fleet.members[0].access, impersonate=who))
    app = open_app(SessionDouble(fleet))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "as robot on some clusters")


async def test_what_may_not_be_deleted_is_said_before_anything_is_sent(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        client = session.fleet.client("id-prod-eu")
        client.denied.add(("delete", "pods"))
        await write(pilot, ":pods @prod-eu -n pay")
        await pilot.press("enter")
        await see(pilot, "10 rows")
        await pilot.press("D")
        text = await see(pilot, "cannot delete", "nothing was changed")
        assert "Delete it alone" not in text
        assert not client.deleted


async def test_the_rights_of_whom_a_row_is_about(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        await write(pilot, ":rolebindings @prod-eu")
        await pilot.press("enter")
        await see(pilot, "Role/edit")
        await pilot.press("R")
        await see(pilot, "Whose rights?", "group:devs", "sa:pay/deployer")
        await pilot.press("down", "enter")
        await see(pilot, "rights of sa:pay/deployer", "pods, secrets", "RoleBinding/pay/team")
        await pilot.press("enter")
        await see(pilot, "Role · edit")
        await pilot.press("escape")
        await see(pilot, "rights of sa:pay/deployer")


async def test_our_rights_are_filtered_and_explained(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        await write(pilot, ":rights @prod-eu")
        await pilot.press("enter")
        text = await see(pilot, "what we may do", "as dana", "deployments.apps")
        assert "nodes" not in text  # nothing may be done with them
        await pilot.press("a")
        await see(pilot, "nodes")
        await pilot.press("a")
        await gone(pilot, "nodes")
        await write(pilot, "/secr")
        await pilot.press("enter")
        await see(pilot, "1 row", "some")
        await pilot.press("enter")
        await see(pilot, "namespace pay", "some     get", "named    login", "read secrets")
        await pilot.press("escape", "escape", "z")
        await see(pilot, "dangers only", "2 rows")


async def test_a_line_that_asks_nothing_is_explained(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        for line, words in ((":who-can get", "name a verb and a kind"), (":rights a b", "one subject")):
            await write(pilot, line)
            await pilot.press("enter")
            await see(pilot, words)


async def test_a_list_says_how_much_of_all_it_is(open_app: Open) -> None:
    from backend.kube.status import State, Status
    from backend.text import safe_text
    from tests.ui.double import NAMES, NOW, live

    partly = Status(
        state=State.LIVE,
        since=NOW,
        covers=safe_text("2 of 3 namespaces"),
        detail=safe_text("only pay, cart (2 of 3 known namespaces): listing all namespaces is forbidden"),
    )
    fleet = FleetDouble(statuses={**live(*NAMES), "id-prod-eu": partly})
    app = open_app(SessionDouble(fleet))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "only in part on 1 of 3 (S)")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows", "2 of 3 namespaces")
        await pilot.press("S")
        await see(pilot, "LIVE  2 of 3 namespaces", "listing all namespaces is forbidden")
