"""Where new clusters come from: a kubeconfig, or the hubs that are in the fleet already."""

from __future__ import annotations

from typing import Literal

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

Source = Literal["file", "profiles"]


class AddClustersScreen(DialogScreen[Source]):
    title_text = "Add clusters"
    AUTO_FOCUS = "ChoiceList"

    def inside(self) -> list[Widget]:
        return [
            TextBlock(
                [(Piece("Either way you review what is taken before anything is stored.", Tone.DIM),), ()]
            ),
            ChoiceList(
                [
                    Choice(
                        key="file",
                        text=(Piece("From a kubeconfig", Tone.STRONG), Piece("  by its path", Tone.DIM)),
                    ),
                    Choice(
                        key="profiles",
                        text=(
                            Piece("From ClusterProfiles", Tone.STRONG),
                            Piece("  that hubs of this fleet publish", Tone.DIM),
                        ),
                    ),
                ]
            ),
        ]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss("file" if event.choice.key == "file" else "profiles")
