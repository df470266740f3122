"""What a kubeconfig offers, before anything is stored: choose clusters, approve programs one by one."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.session import Candidate, Consent, Decision, ImportReview
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock


class ReviewScreen(DialogScreen[tuple[Decision, ...]]):
    """What is harmless is switched on; what is dangerous, and every program, waits to be, one by one."""

    title_text = "Review before import"
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, review: ImportReview) -> None:
        super().__init__()
        self._review = review

    def inside(self) -> list[Widget]:
        review = self._review
        choices: list[Choice] = []
        for candidate in review.candidates:
            choices.append(_cluster(candidate))
            if candidate.refused or candidate.known:
                continue
            choices += [_consent(candidate, consent) for consent in candidate.consents]
            if candidate.program:
                choices.append(_program(candidate))
        widgets: list[Widget] = [
            TextBlock([(Piece("from ", Tone.DIM), Piece(review.source, Tone.STRONG)), ()]),
            ChoiceList(choices),
            TextBlock([()], id="facts"),
        ]
        if review.problems:
            lines: list[Line] = [(Piece("Left out:", Tone.WARNING),)]
            lines += [(Piece(f"  {problem}"),) for problem in review.problems[:8]]
            if len(review.problems) > 8:
                lines.append((Piece(f"  and {len(review.problems) - 8} more", Tone.DIM),))
            widgets.append(TextBlock(lines, id="left-out"))
        return widgets

    def on_mount(self) -> None:
        self._tell_facts()

    @on(ChoiceList.Highlighted)
    @on(ChoiceList.Toggled)
    def _tell_facts(self) -> None:
        current = self.query_one(ChoiceList).current
        if current is None:
            return
        kind, identity, _ = _parts(current)
        candidate = next(c for c in self._review.candidates if c.id == identity)
        lines: list[Line] = [()]
        if kind == "consent":
            lines.append((Piece("This must be agreed to, or the cluster is left out.", Tone.WARNING),))
        elif candidate.refused:
            lines.append((Piece(f"It can't be imported: {candidate.refused}", Tone.FAILING),))
        elif kind == "program":
            lines += [
                (
                    Piece(
                        "To log in, this cluster's kubeconfig wants to run a program on this machine:",
                        Tone.WARNING,
                    ),
                ),
                (Piece(f"  {candidate.program}", Tone.STRONG),),
                (
                    Piece(
                        "Switch it on only if you know it: this very file, with these arguments.",
                        Tone.DIM,
                    ),
                ),
            ]
        else:
            lines += [(Piece(f"  {fact}", Tone.DIM),) for fact in candidate.facts]
        self.query_one("#facts", TextBlock).tell(lines)

    @on(ChoiceList.Chosen)
    def _enter(self) -> None:
        self.action_accept()

    def action_accept(self) -> None:
        on_now = [_parts(choice) for choice in self.query_one(ChoiceList).choices if choice.on]
        decisions = []
        for candidate in self._review.candidates:
            if ("cluster", candidate.id, "") not in on_now:
                continue
            agreed = tuple(
                code for kind, identity, code in on_now if kind == "consent" and identity == candidate.id
            )
            missing = [consent for consent in candidate.consents if consent.code not in agreed]
            if missing:
                self.say(f"{candidate.name}: switch on “{missing[0].sentence}”, or switch the cluster off.")
                return
            program = ("program", candidate.id, "") in on_now
            decisions.append(Decision(id=candidate.id, consents=agreed, approve_program=program))
        if not decisions:
            self.say("No cluster is chosen; switch one on with space, or press esc.")
            return
        self.dismiss(tuple(decisions))


def _parts(choice: Choice) -> tuple[str, str, str]:
    """(what it switches, candidate's id, consent's code)."""
    assert isinstance(choice.key, tuple)
    kind, identity, code = choice.key
    return kind, identity, code


def _cluster(candidate: Candidate) -> Choice:
    note = "already in the vault" if candidate.known else "can't be imported" if candidate.refused else ""
    return Choice(
        key=("cluster", candidate.id, ""),
        text=(Piece(candidate.name, Tone.STRONG), Piece(f"  {candidate.server}", Tone.DIM)),
        right=(Piece(note, Tone.DIM),),
        on=not candidate.known and not candidate.refused and not candidate.consents,
        off_limits=candidate.known or bool(candidate.refused),
    )


def _consent(candidate: Candidate, consent: Consent) -> Choice:
    return Choice(
        key=("consent", candidate.id, consent.code),
        text=(Piece("   agree: ", Tone.FAILING), Piece(consent.sentence)),
        on=False,
    )


def _program(candidate: Candidate) -> Choice:
    return Choice(
        key=("program", candidate.id, ""),
        text=(Piece("   may run ", Tone.WARNING), Piece(candidate.program)),
        on=False,
    )
