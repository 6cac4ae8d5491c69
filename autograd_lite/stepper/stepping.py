"""Step through every application of the chain rule: in a notebook, in a page from disk, or as a widget."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autograd_lite.checks import check_choice, check_integer, check_positive, check_size, check_switches
from autograd_lite.pictures.diagram import DIRECTIONS, Diagram
from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.pictures.svg import to_svg
from autograd_lite.stepper.own_code import call_with
from autograd_lite.stepper.story import FoldedStory, Plan, Story
from autograd_lite.teaching.wrong_passes import mistake_called
from autograd_lite.value import Value, check_value, topological_order

if TYPE_CHECKING:
    from autograd_lite.stepper.widget import StepperWidget

ASKED = ("slope", "share", "total")
LARGEST = 150_000
"""The largest number of nodes of a graph that is folded; its page has less than 10 MB."""

LAYOUTS = ("full", "slide", "compact")


class Stepper:
    """What `step_through` returns: it shows itself in Jupyter; `save` writes a page, `widget` makes a live widget.

    >>> x = Value(3.0)
    >>> step_through(x * x)
    <Stepper: 5 steps through the gradients of v₁; show it in Jupyter, or .save("page.html")>
    """

    def __init__(self, story: Story | FoldedStory, state: dict[str, Any]) -> None:
        self.story = story
        self._state = state
        self._told = story.told()

    def html(self) -> str:
        """Return the page as text: one file with nothing loaded from elsewhere."""
        from autograd_lite.stepper.page import still  # noqa: PLC0415  late, as in `_page`

        return self._page(still(self.story.title, self._diagram(), (walked.text for walked in self.story.walk)))

    def _page(self, without_script: str = "") -> str:
        from autograd_lite.stepper.page import page  # noqa: PLC0415  late: it reads the style sheet and the script

        return page(self.story.title, {**self._state, "story": self._told}, without_script)

    def _diagram(self) -> Diagram:
        return self.story.diagram(self._state["direction"])

    def save(self, path: str | os.PathLike[str], layout: Literal["full", "slide", "compact"] | None = None) -> Path:
        """Write the page to a file, which a browser opens from disk, offline; return its path.

        If the file's name ends in .svg, an animated picture is written instead, which plays on a slide or in a README.
        An existing file is replaced only when the new one is complete. `page.html#step=14&predict` opens the page at
        its step 14, as the page counts them, with numbers hidden.

        Arguments:
            path: the file.
            layout: as for `step_through`; None keeps what was chosen there.

        Raises:
            OSError: if the file cannot be written.
            ValueError: if the graph has more than max_nodes nodes, and an animated picture is asked for.
        """
        if layout is not None:
            check_choice("layout", layout, LAYOUTS)
            return Stepper(self.story, {**self._state, "arrangement": layout}).save(path)
        target = Path(path).resolve()
        unfinished = target.with_name(f"{target.name}.part")
        try:
            text = self._animated() if target.suffix.lower() == ".svg" else self.html()
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(target)
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None  # not the unfinished file
        finally:
            unfinished.unlink(missing_ok=True)
        return Path(path)

    def _animated(self) -> str:
        from autograd_lite.stepper.animation import to_animation  # noqa: PLC0415  late, as in `_page`

        if isinstance(self.story, FoldedStory):
            raise ValueError("an animated picture shows graphs of at most max_nodes nodes; a page folds larger ones")
        return to_animation(self.story, self._told, self._state["direction"])

    def widget(self) -> "StepperWidget":
        """Return a widget: sliders on the leaves, and state shared with the kernel (`w.step = 5`, `w.observe`).

        Raises:
            ImportError: if anywidget is not installed; the extra `lab` installs it.
            RuntimeError: if a number of the graph has been changed since then (see `Value.backward`).
            ValueError: if the graph has more than max_nodes nodes.
        """
        try:
            from autograd_lite.stepper.widget import StepperWidget  # noqa: PLC0415  late: anywidget is an extra
        except ImportError as error:
            raise ImportError(
                f"widget() needs the package anywidget ({error}): pip install 'autograd-lite[lab]'; "
                "without it, the stepper still shows itself in the notebook, and save() writes a page"
            ) from error
        if isinstance(self.story, FoldedStory):
            raise ValueError("widget() shows graphs of at most max_nodes nodes; save() writes a page of a folded graph")
        return StepperWidget(self.story, **self._state)

    def in_terminal(self) -> None:
        """Step through in the terminal, one step at each Enter; where nobody can type, print all steps.

        The quantities of the chain rule have colours, unless the environment variable NO_COLOR is set.

        Raises:
            ValueError: if the graph has more than max_nodes nodes.

        >>> step_through(Value(3.0, "a") * 2).in_terminal()
        leaves    a = 3
        forward   v₁ = a × 2 = 3 × 2 = 6
        seed      ∂v₁/∂v₁ = 1
        backward  ∂v₁/∂a += ∂v₁/∂v₁ · ∂v₁/∂a = 1 × 2 = 2   where ∂v₁/∂a = 2   total 2
        """
        from autograd_lite.stepper.terminal import in_terminal  # noqa: PLC0415  late, as in `_page`

        if isinstance(self.story, FoldedStory):
            raise ValueError("a terminal shows graphs of at most max_nodes nodes; a page folds larger ones")
        in_terminal(self.story)

    def _repr_html_(self) -> str:
        from autograd_lite.stepper.page import framed  # noqa: PLC0415  late, as in `html`

        return framed(self._page(), self.story.title, self._diagram())

    def _repr_latex_(self) -> str:
        return to_pgf(self._diagram())

    def __repr__(self) -> str:
        return f'<Stepper: {self.story.summary}; show it in Jupyter, or .save("page.html")>'


def step_through(
    root: Value | Callable[..., Value],
    below: Value | None = None,
    *,
    arguments: Mapping[str, Any] | None = None,
    digits: int = 4,
    max_nodes: int = 500,
    detail: Literal["edge", "node", "neuron", "layer", "group"] | None = None,
    direction: Literal["LR", "TB", "RL", "BT"] | None = None,
    step: int = 0,
    predict: bool | Sequence[Value] = False,
    ask: Literal["slope", "share", "total"] = "share",
    tolerance: float = 0.01,
    large: bool = False,
    layout: Literal["full", "slide", "compact"] = "full",
    mistake: str | None = None,
    update: float | None = None,
    data: Sequence[Value] = (),
    title: str | None = None,
    **inputs: Any,
) -> Stepper:
    """Step through the forward pass node by node and the backward pass edge by edge, forward and back.

    Each step shows the chain rule in symbols and in numbers, in the picture of the graph and in words. The arithmetic
    is that of `root.backward()`, but no gradient of the graph is changed.

    Arguments:
        root: the Value whose gradients are stepped through; or a function that returns it. The lines of the function
            are then shown beside the picture; its variables name the nodes (h1, h2, ... if a loop recomputes h), and
            the function names the root if no variable holds it.
        below: step only through the part of a large graph that this Value was computed from (see `walk_steps`).
        digits: significant digits of the numbers, 1 to 17.
        max_nodes: the largest number of nodes that are shown one by one; a larger graph is folded (see `detail`).
        detail: what a step of the backward pass is: an "edge"; all edges of a "node"; a "neuron" or a "layer" of a
            network with the labels of the lecture; or a "group" of a large graph, which can be opened: what a line or a
            call of the user's function made, if that was recorded (see `call_sites`). None chooses "neuron" for a
            network, except that one of at most max_nodes nodes starts with "edge" if predict is given; "group" for any
            other graph of more than max_nodes nodes; and otherwise "edge".
        direction: where the forward pass goes in the picture: "LR" (left to right), "TB" (top to bottom), "RL", "BT";
            None chooses the one of the first two that fits better.
        step: where to start, from 0; the last is the summary of all gradients.
        predict: whether the number of each step is hidden until the reader types it; or the Values whose data and
            gradients are asked for.
        ask: which number the reader must predict at each edge: the local partial derivative ("slope"), its product
            with the upstream gradient ("share"), or the running total ("total").
        tolerance: the relative error that an answer may have.
        large: whether text and picture are large, for example for a projector.
        layout: "full" (the steps so far unfold below the picture and the rule), "slide" (the picture and the rule fill
            the window or iframe), or "compact" (less tall, to fit into the text of a notebook).
        mistake: a mistake that the backward pass makes, one of `MISTAKES`; the steps that are wrong are marked.
        update: a learning rate; after the backward pass, a step of gradient descent and the forward pass again follow.
        data: leaves that are not updated, for example inputs and targets.
        title: the title of the page; None for one that names the root.
        arguments: what the function is called with, by the names of its parameters: numbers, which become leaves,
            Values, lists of them, or anything else.
        inputs: the same, as keyword arguments: `step_through(f, a=2.0, b=-3.0)`.

    Raises:
        TypeError: if root is neither a Value nor a function that returns one, below is not a Value, or another argument
            has the wrong type.
        ValueError: if the graph is too large to be folded, or an argument is out of range.
        RuntimeError: if the graph is stale (see `Value.backward`).

    Equation: dL/dp += dL/dn * dn/dp, at each edge from a node n to its parent p (lecture 14, slide "Computing Partial
    Derivatives").

    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> stepper = step_through((w * x).tanh())
    >>> "<iframe" in stepper._repr_html_()
    True
    >>> step_through(lambda a, b: a * b + a, a=2.0, b=-3.0)
    <Stepper: 8 steps through the gradients of v₂; show it in Jupyter, or .save("page.html")>
    """
    if not isinstance(root, Value) and callable(root):
        root = call_with(root, _arguments_of(root, arguments or {}, inputs))
    elif inputs or arguments:
        names = ", ".join([*inputs, *(arguments or {})])
        raise TypeError(f"step_through takes inputs ({names}) only for a function, but root is {root!r:.80}")
    check_integer("digits", digits, 1, 17)
    marked = predict if isinstance(predict, list | tuple) else []
    check_switches(predict=bool(predict) if marked else predict, large=large)
    for value in marked:
        check_value("predict", value)
    if direction is not None:
        check_choice("direction", direction, DIRECTIONS)
    check_choice("ask", ask, ASKED)
    check_choice("layout", layout, LAYOUTS)
    check_positive("tolerance", tolerance)
    played = None if mistake is None else mistake_called(mistake)
    plan = Plan(below, digits, played, update, tuple(data), title)
    story = _story_of(root, plan, max_nodes)
    calm = "neuron" in story.details and not predict
    chosen: str = detail or ("neuron" if calm else story.details[0])
    check_choice("detail", chosen, story.details)
    check_integer("step", step, 0, story.count(chosen) - 1)
    if any(value not in story.nodes for value in marked):
        raise ValueError("predict must be True, False, or Values of the graph that is stepped through")
    direction = direction or story.direction()
    picture = to_svg(story.diagram(direction, room=True), titles=False).replace("\n", "")
    state = {
        "step": step,
        "predict": bool(predict),
        "ask": ask,
        "tolerance": float(tolerance),
        "large": large,
        "speed": 1.0,
        "detail": chosen,
        "opened": [],
        "arrangement": layout,
        "breakpoints": [story.names[value] for value in marked],
        "score": {"right": 0, "answered": 0},
        "direction": direction,
        "picture": picture,
    }
    return Stepper(story, state)


def _story_of(root: Value, plan: Plan, max_nodes: int) -> Story | FoldedStory:
    """Return the story of a graph, or of a folded one if it is larger than max_nodes.

    Raises:
        ValueError: if the graph is too large, and cannot be folded.
    """
    size = len(topological_order(root if plan.below is None else check_value("below", plan.below)))
    check_integer("max_nodes", max_nodes, 1)
    if max_nodes < size <= LARGEST and plan.mistake is None and plan.update is None:
        return FoldedStory(root, plan)
    remedy = "step through a part of it (its steps still belong to the root's backward pass) with below=its last Value"
    check_size(size, max_nodes, remedy, "the graph" if plan.below is None else "the part below that Value")
    return Story(root, plan)


def _arguments_of(f: Callable[..., Value], arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function; a parameter that is called like an option must be given in `arguments`."""
    options = inspect.signature(step_through).parameters.keys() - {"inputs"}
    for name in inspect.signature(f).parameters:
        if name in options and name not in arguments:
            raise TypeError(
                f"the function has a parameter {name!r}, which is also an option of step_through: pass its number as "
                f"arguments={{{name!r}: ...}}"
            )
    return {**inputs, **arguments}
