"""Stepping in the terminal: one step at a time, forward and back."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence

from autograd_lite.explanation import aligned
from autograd_lite.stepper.story import Story
from autograd_lite.walk import WalkStep
from autograd_lite.words.notation import UNICODE

KEYS = "Enter next, b back, f first, l last, a number goes there, q quits"

COLOURS = {"upstream": 34, "local": 33, "product": 36, "total": 35, "wrong": 31}
"""The terminal's codes for blue, yellow, cyan, magenta and red, its nearest to the colours of the page."""


def coloured(quantity: str, text: str) -> str:
    """Return a text in the colour of a quantity of the chain rule, or of what is wrong."""
    return f"\x1b[{COLOURS[quantity]}m{text}\x1b[0m"


def in_terminal(story: Story) -> None:
    """Step through a walk in an interactive terminal, in colour unless that is not wanted; elsewhere, print it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(*story.walk, sep="\n")
        return
    in_colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    steps = story.walk_in(UNICODE._replace(mark=coloured)) if in_colour else story.walk
    step_in_terminal(steps, columns=shutil.get_terminal_size().columns, in_colour=in_colour)


def step_in_terminal(
    steps: Sequence[WalkStep],
    read: Callable[[str], str] = input,
    write: Callable[[str], object] = print,
    columns: int | None = None,
    in_colour: bool = False,
) -> None:
    """Show one step after another, at the reader's command; stop at q or at the end of the input.

    Arguments:
        steps: what `walk_steps(root)` returns.
        read: takes the prompt and returns the line that was typed; EOFError and KeyboardInterrupt end the walk.
        write: shows a text.
        columns: the width of the terminal in characters.
        in_colour: whether the steps are in colour; then the colours are explained.

    >>> from autograd_lite.walk import walk_steps
    >>> from autograd_lite.value import Value
    >>> answers = iter(["", "q"])
    >>> step_in_terminal(walk_steps(Value(2.0, "a") * 3), read=lambda prompt: next(answers))
    Step 1 of 4: leaves
      a = 2
    Step 2 of 4: forward
      v₁ = a × 3 = 2 × 3 = 6
    """
    last = len(steps) - 1
    at: int = 0
    to: int | None = 0
    typed, prompt = "", f"[{KEYS}] "
    quantities = [coloured(name, name) for name in COLOURS if name != "wrong"]
    legend = f" ({', '.join(quantities)})" if in_colour else ""
    while True:
        if to is None:
            write(f"{typed!r} is not one of: {KEYS}")
        elif not 0 <= to <= last:
            write(f"There are steps 1 to {last + 1}; q quits.")
        else:
            at, step = to, steps[to]
            contribution = f", contribution {step.number} of {step.of}" if step.of > 1 else ""
            write(f"Step {at + 1} of {last + 1}: {step.phase}{contribution}{legend if step.step else ''}")
            write("\n".join(aligned([step.parts], columns)))
        try:
            typed = read(prompt).strip().lower()
        except (EOFError, KeyboardInterrupt):
            write("")
            return
        prompt = "> "
        if typed == "q":
            return
        moves = {"": at + 1, "n": at + 1, "b": at - 1, "p": at - 1, "f": 0, "l": last}
        to = int(typed[:9]) - 1 if typed.isascii() and typed.isdigit() else moves.get(typed)
