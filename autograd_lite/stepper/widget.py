"""The view as a widget whose state is shared with the kernel. Only this module imports anywidget."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.primitives import as_float
from autograd_lite.program.javascript import number_data
from autograd_lite.stepper.page import SCRIPT, STYLE, image
from autograd_lite.stepper.story import Story


def to_json(numbers: Mapping[str, float], _: object = None) -> dict[str, float | str]:
    """Return numbers for JSON, which has neither infinities nor nan: they become text.

    >>> to_json({"x": 2.0, "y": float("-inf")})
    {'x': 2.0, 'y': '-inf'}
    """
    return {name: number_data(number) for name, number in numbers.items()}


def from_json(numbers: Mapping[str, float | str], _: object = None) -> dict[str, float]:
    """Return the numbers that `to_json` has written.

    >>> from_json({"x": 2.0, "y": "-inf"})
    {'x': 2.0, 'y': -inf}
    """
    return {name: float(number) for name, number in numbers.items()}


class StepperWidget(anywidget.AnyWidget):
    """Step through a graph in a live notebook; made by `step_through(root).widget()`.

    It works on a copy of the graph, so that the numbers tried here change nothing in the original.

    Attributes:
        step: the current step, from 0; set it to go there, observe it to follow.
        leaves: the numbers of the leaves and of the constants with a label, by name; set some or all of them, and all
            values and gradients follow.
        predict: whether numbers are hidden until the reader types them.
        ask: which number the reader must predict: "slope", "share" or "total".
        tolerance: the relative error that an answer may have.
        score: {"right": answers right on the first try, "answered": all answers}.
        detail: what a step is, as for `step_through`.
        opened: the open groups, from the outermost inward, each by its position among the parts of the one that
            contains it.
        breakpoints: the names of the nodes at which playing stops.
        speed: how fast it plays, 1 being a step in two seconds.
        large: whether the text is large.
        root: the copy of the graph; `root.backward()` may be called on it.

    Raises:
        traitlets.TraitError: if an attribute is set to a value of the wrong type or out of range.
    """

    _esm = SCRIPT
    _css = STYLE

    picture = traitlets.Unicode().tag(sync=True)
    direction = traitlets.Unicode().tag(sync=True)
    arrangement = traitlets.Unicode("full").tag(sync=True)
    story = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    predict = traitlets.Bool(False).tag(sync=True)
    ask = traitlets.Enum(["slope", "share", "total"], default_value="share").tag(sync=True)
    tolerance = traitlets.Float(0.01).tag(sync=True)
    score = traitlets.Dict(value_trait=traitlets.Int(), default_value={"right": 0, "answered": 0}).tag(sync=True)
    detail = traitlets.Enum(["edge", "node", "neuron", "layer", "group"], default_value="edge").tag(sync=True)
    opened = traitlets.List(traitlets.Int()).tag(sync=True)
    breakpoints = traitlets.List(traitlets.Unicode()).tag(sync=True)
    speed = traitlets.Float(1.0).tag(sync=True)
    large = traitlets.Bool(False).tag(sync=True)
    leaves = traitlets.Dict().tag(sync=True, to_json=to_json, from_json=from_json)

    def __init__(self, story: Story, **state: Any) -> None:
        self.root, self._plan = copy.deepcopy((story.root, story.plan))
        copied = Story(self.root, self._plan)
        self._leaves = copied.leaves()
        numbers = {name: leaf.data for name, leaf in self._leaves.items()}
        super().__init__(story=copied.told(), leaves=numbers, **state)

    def __repr__(self) -> str:
        return f"<StepperWidget: {Story(self.root, self._plan).summary}>"

    def _repr_html_(self) -> str:  # what is shown where no widget can be
        return image(Story(self.root, self._plan).diagram(self.direction))

    def _repr_latex_(self) -> str:
        return to_pgf(Story(self.root, self._plan).diagram(self.direction))

    @traitlets.validate("step")
    def _valid_step(self, proposal: Any) -> int:
        number: int = proposal["value"]
        last = len(self.story["steps"]) - 1
        if not 0 <= number <= last:
            raise traitlets.TraitError(f"step must be from 0 to {last}, received {number}")
        return number

    @traitlets.validate("tolerance", "speed")
    def _valid_size(self, proposal: Any) -> float:
        if not 0 < proposal["value"] < math.inf:
            name = proposal["trait"].name
            raise traitlets.TraitError(f"{name} must be a number greater than 0, received {proposal['value']}")
        return float(proposal["value"])

    @traitlets.validate("leaves")
    def _valid_leaves(self, proposal: Any) -> dict[str, float]:
        numbers: Mapping[str, Any] = proposal["value"]
        unknown = [name for name in numbers if name not in self._leaves]
        if unknown:
            raise traitlets.TraitError(
                f"the keys of leaves must be names of leaves ({', '.join(self._leaves)}), received {unknown[0]!r}"
            )
        try:
            received = {name: as_float(number, name) for name, number in numbers.items()}
        except (TypeError, OverflowError) as error:
            raise traitlets.TraitError(f"leaves must be numbers: {error}") from None
        return {name: received.get(name, leaf.data) for name, leaf in self._leaves.items()}

    @traitlets.observe("leaves")
    def _recompute(self, _: Any) -> None:
        for name, number in self.leaves.items():
            self._leaves[name].data = number
        self.root.forward()
        if self.story["graph"] is None or self.story["mistake"]:  # the view cannot compute it by itself
            self.story = Story(self.root, self._plan).told()
