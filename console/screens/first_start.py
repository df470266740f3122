"""The first start: no vault yet. Import a kubeconfig, add a file, or try the demo fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from console.actions import Scope
from console.keymap import bindings
from console.screens.error import full_sentence
from console.screens.importing import import_clusters
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.keyline import KeyLine
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from console.application import NavarchApp


class FirstStartScreen(Screen[None]):
    """Nothing is stored and nothing is run before the person agreed to each of it."""

    BINDINGS = bindings(Scope.APP)
    CSS = "FirstStartScreen { align: center middle; }"
    AUTO_FOCUS = "ChoiceList"

    @property
    def navarch(self) -> NavarchApp:
        return cast("NavarchApp", self.app)

    def compose(self) -> ComposeResult:
        path = self.navarch.session.default_kubeconfig()
        box = Vertical(
            TextBlock(
                [
                    (Piece("Welcome to Navarch.", Tone.TITLE),),
                    (
                        Piece(
                            "Command all your Kubernetes clusters from here. Where shall we begin?",
                            Tone.STRONG,
                        ),
                    ),
                    (),
                ]
            ),
            ChoiceList(
                [
                    Choice(
                        key="import",
                        text=(Piece("Import my kubeconfig", Tone.STRONG), Piece(f"  {path}", Tone.DIM)),
                    ),
                    Choice(
                        key="file",
                        text=(
                            Piece("Add another kubeconfig file", Tone.STRONG),
                            Piece("  by its path", Tone.DIM),
                        ),
                    ),
                    Choice(
                        key="demo",
                        text=(
                            Piece("Try the demo fleet", Tone.STRONG),
                            Piece("  three simulated clusters on this machine", Tone.DIM),
                        ),
                    ),
                ]
            ),
            TextBlock(
                [
                    (),
                    (
                        Piece(
                            "Kubeconfigs go into an encrypted vault; you review what is taken first.",
                            Tone.DIM,
                        ),
                    ),
                ]
            ),
            TextBlock(id="notice"),
            KeyLine(),
            classes="dialog",
        )
        box.border_title = "Navarch"
        box.set_class(not self.navarch.traits.unicode, "-ascii")
        yield box

    def say(self, text: object, tone: Tone = Tone.ERROR) -> None:
        self.query_one("#notice", TextBlock).tell([(Piece(text, tone),)])

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if event.choice.key == "demo":
            self.say("Starting the demo fleet…", Tone.PROGRESSING)
            self.start_demo()
        elif event.choice.key == "file":
            from console.screens.ask_path import AskPathScreen

            def named(path: str | None) -> None:
                if path:
                    self.begin_import(path)

            self.app.push_screen(AskPathScreen(), named)
        else:
            self.begin_import("")

    @work(exclusive=True, group="start", exit_on_error=False)
    async def start_demo(self) -> None:
        try:
            await self.navarch.session.start_demo()
        except Exception as error:
            self.say(full_sentence(error))
            return
        self.navarch.enter()

    @work(exclusive=True, group="start", exit_on_error=False)
    async def begin_import(self, path: str) -> None:
        self.say("Reading…", Tone.PROGRESSING)
        try:
            said = await import_clusters(self.navarch, path)
        except Exception as error:
            self.say(full_sentence(error))
            return
        self.query_one("#notice", TextBlock).tell([])
        if said is not None:
            self.navarch.enter(said, tone=Tone.OK)
