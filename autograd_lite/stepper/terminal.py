"""Stepping in the terminal: one step at a time, forward and back."""

from collections.abc import Callable, Sequence

from autograd_lite.walk import WalkStep

KEYS = "Enter next, b back, f first, l last, a number goes there, q quits"


def step_in_terminal(
    steps: Sequence[WalkStep], read: Callable[[str], str] = input, write: Callable[[str], object] = print
) -> None:
    """Show one step after another, at the reader's command; stop at q or at the end of the input.

    Arguments:
        steps: what `walk_steps(root)` returns.
        read: takes the prompt and returns the line that was typed; EOFError and KeyboardInterrupt end the walk.
        write: shows a text.

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
    while True:
        if to is None:
            write(f"{typed!r} is not one of: {KEYS}")
        elif not 0 <= to <= last:
            write(f"There are steps 1 to {last + 1}; q quits.")
        else:
            at, step = to, steps[to]
            contribution = f", contribution {step.number} of {step.of}" if step.of > 1 else ""
            write(f"Step {at + 1} of {last + 1}: {step.phase}{contribution}")
            write(f"  {step.text}")
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
