"""What screens do with the object they are about: open, copy, go to its owner, change it."""

from __future__ import annotations

from textual import work

from backend.text import SafeStr, safe_text
from console.actions import ACTIONS, Action
from console.actions.acts import PREFIX
from console.copying import Copyable, of_object
from console.screens.frame import FrameScreen
from console.views import DetailView, EventsView, ObjectRef, has_logs, inside, logs_of

_FITS = SafeStr("")
_ABOUT_ONE = frozenset({"detail", "events", "copy", "owner", "menu", "topology", "blast"})
"""What needs an object to be about."""


class ObjectKeys(FrameScreen):
    """Mixed into screens with objects; they say which one is meant now."""

    @property
    def current(self) -> ObjectRef | None:
        """The object that keys are about."""
        raise NotImplementedError

    @property
    def around(self) -> float | None:
        """The moment that the line under the cursor is about (seconds since the epoch), if it is about one:
        logs are opened there."""
        return None

    def chosen(self) -> list[ObjectRef]:
        """What acts apply to; several when several are marked."""
        return [self.current] if self.current is not None else []

    def acted(self) -> None:
        """An act changed what was chosen."""

    def leave_mark(self) -> None:
        """Another view comes: keep what is needed to come back to this one as it is."""

    # --- looking

    def open_object(self, ref: ObjectRef) -> None:
        """Enter: one level down where others live inside it (a namespace), its detail otherwise."""
        self.leave_mark()
        self.navarch.show(inside(ref) or DetailView(ref))

    def action_detail(self, tab: str) -> None:
        if self.current is not None:
            self.leave_mark()
            self.navarch.open_object(self.current, tab=tab)

    def action_events(self) -> None:
        if self.current is not None:
            self.leave_mark()
            self.navarch.show(EventsView(ref=self.current))

    def action_logs(self, previous: bool) -> None:
        """Of what is marked, or of the object under the cursor."""
        chosen = [ref for ref in self.chosen() if has_logs(ref)]
        if chosen:
            self.leave_mark()
            self.navarch.show(logs_of(*chosen, previous=previous, around=self.around))

    def action_topology(self) -> None:
        """Look from here: what it is made of and needs, and what needs it."""
        from console.views import around

        if self.current is not None:
            self.leave_mark()
            self.navarch.show(around(self.current))

    def action_blast(self) -> None:
        from console.screens.blast import BlastScreen

        refs = self.chosen()
        if refs:
            self.app.push_screen(BlastScreen(refs))

    def action_owner(self) -> None:
        if self.current is not None:
            self.go_to_owner(self.current)

    @work(exclusive=True, group="owner", exit_on_error=False)
    async def go_to_owner(self, ref: ObjectRef) -> None:
        from backend.fleet.objects import Found, read
        from backend.fleet.owners import owner_of

        async def find() -> Found:
            cluster = (await self.navarch.fleet()).cluster(ref.cluster_id)
            obj = await read(cluster, ref.resource, ref.name, namespace=ref.namespace or None)
            return await owner_of(Found(cluster=cluster, resource=ref.resource, obj=obj))

        self.say(f"Looking for the owner of {ref.name}…", stay=True)
        owner = await self.navarch.attempt(find)
        if owner is not None:
            self.clear_notice()
            self.leave_mark()
            self.navarch.open_object(
                ObjectRef(
                    cluster_id=ref.cluster_id,
                    cluster=ref.cluster,
                    resource=owner.resource,
                    namespace=owner.namespace,
                    name=owner.name,
                    uid=owner.uid,
                )
            )

    def copyables(self, ref: ObjectRef) -> list[Copyable]:
        """What can be copied beside the YAML."""
        return of_object(ref)

    def action_copy(self) -> None:
        from console.screens.copy import CopyScreen

        ref = self.current
        if ref is not None:
            self.app.push_screen(CopyScreen(self.copyables(ref), yaml=lambda: self._yaml(ref)))

    async def _yaml(self, ref: ObjectRef) -> SafeStr:
        from backend.fleet.objects import read
        from backend.resources.document import yaml_text

        cluster = (await self.navarch.fleet()).cluster(ref.cluster_id)
        return yaml_text(await read(cluster, ref.resource, ref.name, namespace=ref.namespace or None))

    def action_menu(self) -> None:
        from console.screens.object_menu import ObjectMenuScreen

        self.app.push_screen(ObjectMenuScreen(self))

    # --- acting

    def action_act(self, id: str) -> None:
        if id == "edit":
            self.edit()
            return
        from console.screens.acting import start_act

        start_act(self.navarch, id, self.chosen(), done=self.acted)

    @work(exclusive=True, group="edit", exit_on_error=False)
    async def edit(self) -> None:
        """One object at a time: the one under the cursor."""
        from console.screens.edit import edit

        ref = self.current
        if ref is not None:
            await self.navarch.attempt(lambda: edit(self.navarch, ref))

    def why_not(self, action: Action) -> SafeStr:
        """Why an action on the object does not work here, now; empty: it does."""
        ref = self.current
        if ref is None:
            return safe_text("there is no object here")
        if action.id in ("logs", "logs.previous") and not has_logs(ref):
            return safe_text("nothing of this kind runs pods")
        if action.id.startswith(PREFIX):
            from backend.fleet.acts import named

            if why := named(action.id.removeprefix(PREFIX)).unfit(ref.resource):
                return safe_text(why)
        if not action.changes:
            return _FITS
        if self.navarch.read_only:
            return safe_text("this console was started read-only")
        member = next((one for one in self.navarch.members if one.id == ref.cluster_id), None)
        return safe_text(f"{ref.cluster} is marked read-only") if member and member.read_only else _FITS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        if action == "act":
            return not self.why_not(ACTIONS[f"{PREFIX}{parameters[0]}"])
        if action in _ABOUT_ONE and self.current is None:
            return False
        if action == "logs" and not any(has_logs(ref) for ref in self.chosen()):
            return False
        return super().check_action(action, parameters)
