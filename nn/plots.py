"""Pictures of training: learning curves, decision boundaries, paths over a surface, weights and gradients, restarts.

`panels` puts several side by side; `plot_curves` and `plot_points` draw any numbers in the same manner.

They need matplotlib, which the extra `lab` installs. Each function draws on the given Axes and changes nothing else;
without Axes, it makes a figure with pyplot. Colours are the palette of Okabe and Ito, "Color universal
design" (2008), which colour-blind readers can tell apart, and never the only sign: lines differ in their markers or
dashes too.
"""

import base64
import copy
import html
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.checks import FloatArray, as_array, as_integer, as_number
from nn.mlp import MLP
from nn.prediction import outputs_of
from nn.surfaces import Surface
from nn.training.batch_gradients import BatchGradients
from nn.training.loop import check_data
from nn.training.losses import Loss, check_loss, takes_class_numbers
from nn.training.restarting import Restarts
from nn.training.termination import History

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "bluish green": "#009E73",
    "reddish purple": "#CC79A7",
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
}
"""The palette of Okabe and Ito, without yellow, which is hard to see on white."""

MARKERS = "os^DvPX<>"
"""Markers to tell runs or classes apart: 9 of them, and 7 colours, so that the first 63 pairs differ."""

MOST_NUMBERS = 40
"""The most entries that a matrix may have if its numbers are to be shown."""

STAR: dict[str, Any] = {"marker": "*", "markersize": 15, "markeredgecolor": "black", "linestyle": "none"}
"""How the best of several things is marked."""


def styles() -> Iterator[tuple[str, str]]:
    """Return a colour and a marker for one run or class after another; the first 63 pairs differ.

    >>> from itertools import islice
    >>> len(set(islice(styles(), 63)))
    63
    """
    return zip(cycle(COLOURS.values()), cycle(MARKERS), strict=True)


def panels(
    titles: Iterable[str], across: int = 2, *, size: tuple[float, float] = (4.8, 3.6), same_scale: bool = True
) -> "dict[str, Axes]":
    """Return Axes side by side in a new figure, by their titles.

    Arguments:
        titles: the title of each panel.
        across: how many panels stand in a row.
        size: the width and the height of a panel, in inches.
        same_scale: whether all panels share both scales, and can be compared.

    Raises:
        ValueError: if there is no title, or a title occurs twice, or `across` is not at least 1.
        ImportError: without matplotlib.

    >>> list(panels(["training", "validation"]))
    ['training', 'validation']
    """
    names = list(titles)
    as_integer("across", across, least=1)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"titles must be one or more, all different; received {names!r}")
    columns = min(across, len(names))
    rows = -(-len(names) // columns)
    figure = _matplotlib("pyplot").figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    by_title = dict(zip(names, _grid(figure, len(names), columns, same_scale), strict=True))
    for name, ax in by_title.items():
        ax.set_title(_text(name))
        ax.tick_params(labelbottom=True, labelleft=True)  # also where scales are shared
    return by_title


def plot_curves(curves: Mapping[str, Any], ax: "Axes | None" = None, *, x: Any = None, **settings: Any) -> "Axes":
    """Plot numbers as lines, which differ in their colours and their markers, with a legend.

    Arguments:
        curves: the numbers of each line, by the names that the legend shows. None and nan are left out.
        ax: where to draw; None makes a figure.
        x: where along the x-axis the numbers of each line are; 0, 1, 2, ... if None.
        settings: what `Axes.set` takes, for example `ylabel="error", ylim=(0, 1), xscale="log"`.

    Returns the Axes.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.

    >>> ax = plot_curves({"linear": [0, 1, 2], "quadratic": [0, 1, 4]}, xlabel="$x$")
    >>> [line.get_marker() for line in ax.lines]
    ['o', 's']
    """
    lines = {name: _row(f"curves[{name!r}]", numbers) for name, numbers in _named("curves", curves).items()}
    ax = _axes(ax)
    for number, ((colour, shape), (name, ys)) in enumerate(zip(styles(), lines.items(), strict=False)):
        xs = np.arange(len(ys)) if x is None else _row("x", x)
        if len(xs) != len(ys):
            raise ValueError(f"x must have {len(ys)} numbers, as curves[{name!r}] has; received {len(xs)}")
        known = ~np.isnan(ys)
        marks = _marks(int(known.sum()), number, len(lines))
        ax.plot(xs[known], ys[known], color=colour, marker=shape, markevery=marks, label=_label(name))
    ax.set(**settings)
    _legend(ax)
    return ax


def plot_points(groups: Mapping[str, Any], ax: "Axes | None" = None, **settings: Any) -> "Axes":
    """Plot groups of points in the plane, which differ in their colours and their markers, with a legend.

    Arguments:
        groups: the points of each group, of shape (N, 2), by the names that the legend shows. The last is on top, and
            a group of one point has a large marker.
        ax, settings: as for `plot_curves`.

    Returns the Axes. Grey lines cross at (0, 0).

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.

    >>> ax = plot_points({"all": [[1, 2], [3, 6]], "mean": [[2, 4]]}, xlabel="$x$", ylabel="$y$")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['all', 'mean']
    """
    clouds = {name: _as_path(f"groups[{name!r}]", points) for name, points in _named("groups", groups).items()}
    ax = _axes(ax)
    for (colour, marker), (name, points) in zip(styles(), clouds.items(), strict=False):
        size = 11 if len(points) == 1 else 5
        look: dict[str, Any] = {"markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.5}
        ax.plot(*points.T, marker, color=colour, label=_label(name), **look)
    ax.axhline(0, color="grey", linewidth=0.8, zorder=0)
    ax.axvline(0, color="grey", linewidth=0.8, zorder=0)
    ax.set(**settings)
    _legend(ax)
    return ax


def plot_learning_curves(
    history: History | Mapping[str, History], ax: "Axes | None" = None, *, log: bool = False, smooth: int = 1
) -> "Axes":
    """Plot the mean error per example in each iteration (`History.error`), and the validation loss, of some runs.

    Arguments:
        history: the History that `fit` returned; or several, by the names that the legend shows.
        ax: where to draw; None makes a figure.
        log: whether the errors are on a logarithmic scale.
        smooth: the number of iterations whose mean training error the line shows: those up to t. With more than 1,
            small pale points show the single iterations; small mini-batches need it.

    Returns the Axes. Training errors are solid lines, and validation losses dashed ones (in another colour if there is
    only one run); a star marks the lowest validation loss. The error of an iteration is the error of its mini-batch,
    before the update and without penalty.

    Raises:
        ValueError: if there is no run, or a run with fewer than `smooth` iterations.
        ImportError: without matplotlib.
    """
    runs = {"": history} if isinstance(history, History) else dict(history)
    if not runs or any(not isinstance(run, History) or not run.error for run in runs.values()):
        raise ValueError(f"history must be a history of at least 1 iteration, or several by name; received {history!r}")
    shortest = min(len(run.error) for run in runs.values())
    if as_integer("smooth", smooth, least=1) > shortest:
        raise ValueError(f"smooth must be at most {shortest}, the number of iterations; received {smooth}")
    ax = _axes(ax)
    several, validated = len(runs) > 1, False
    for number, ((colour, shape), (name, run)) in enumerate(zip(styles(), runs.items(), strict=False)):
        losses = np.array(run.validation_loss, dtype=float)  # nan where it was not computed
        ts = np.flatnonzero(~np.isnan(losses))
        if smooth > 1:
            ax.plot(run.error, ".", color=colour, alpha=0.35, markersize=3, markeredgewidth=0)
        means = np.convolve(run.error, np.full(smooth, 1 / smooth), "valid")
        second = colour if several else COLOURS["vermillion"]
        lines: list[Any] = [("-", colour, range(smooth - 1, len(run.error)), means), ("--", second, ts, losses[ts])]
        for dashes, ink, xs, ys in lines:
            if len(xs):
                marker = shape if several or len(xs) == 1 else None
                marks = _marks(len(xs), number, len(runs))
                label = _label(name) if dashes == "-" else None
                ax.plot(xs, ys, dashes, color=ink, marker=marker, markevery=marks, label=label)
        if len(ts):
            ax.plot(run.best_iteration, run.best_loss, color=second, **STAR)
            validated = True
    if validated:  # what each kind of line means is said once, not for each run
        first, second = ("dimgrey", "dimgrey") if several else (COLOURS["blue"], COLOURS["vermillion"])
        ax.plot([], [], color=first, label="training")
        ax.plot([], [], "--", color=second, label="validation")
        ax.plot([], [], color=second, label="best weights", **STAR)
    _error_axes(ax, log)
    if several or validated:
        _legend(ax)
    return ax


def plot_decision_boundary(
    net: MLP, X: Any, y: Any, ax: "Axes | None" = None, *, threshold: float = 0.0, resolution: int = 200
) -> "Axes":
    """Draw which class a network with two inputs assigns to each point of the plane, the boundary, and the examples.

    Arguments:
        net: a network with two inputs. With one output o the classes are o > threshold and the others; with several
            outputs, the class is the number of the largest.
        X: N examples, of shape (N, 2).
        y: N targets: numbers if there is one output; else class numbers, or a row of d^(L) targets for each example.
        ax: where to draw; None makes a figure.
        threshold: of one output: 0 for targets -1 and 1, 0.5 for 0 and 1.
        resolution: the number of points along each axis.

    Returns the Axes. Classes differ in colour and marker; the boundary is black.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net must be an MLP with 2 inputs; received {net!r}")
    if net.sizes[0] != 2:
        raise ValueError(f"net must be an MLP with 2 inputs; received one with {net.sizes[0]}")
    as_number("threshold", threshold)
    as_integer("resolution", resolution, least=2)
    several = net.sizes[-1] > 1
    examples, targets = check_data(net, X, y, classes=several)
    ax = _axes(ax)
    edges = [_edges(column, resolution) for column in examples.T]
    xs, ys = ((edge[1:] + edge[:-1]) / 2 for edge in edges)
    points = np.stack(np.meshgrid(xs, ys), axis=-1)
    outputs = outputs_of(net, points.reshape(-1, 2)).reshape(resolution, resolution, -1)
    if not several:  # the class is the number of the largest here too
        outputs, targets = (np.insert(numbers, 0, threshold, axis=-1) for numbers in (outputs, targets))
    classes = np.argmax(targets, axis=1)
    if several:
        names = [f"class {number}" for number in range(net.sizes[-1])]
    else:
        names = [_class_name(targets[classes == k, 1], k, threshold) for k in (0, 1)]
    looks = list(islice(styles(), len(names)))
    extent = (edges[0][0], edges[0][-1], edges[1][0], edges[1][-1])
    tints = _matplotlib("colors").ListedColormap([colour for colour, _ in looks])
    shown: dict[str, Any] = {"cmap": tints, "vmin": -0.5, "vmax": len(names) - 0.5, "alpha": 0.3}
    ax.imshow(np.argmax(outputs, axis=-1), extent=extent, origin="lower", aspect="auto", **shown)
    for k, (name, (colour, marker)) in enumerate(zip(names, looks, strict=True)):
        lead = outputs[..., k] - np.delete(outputs, k, axis=-1).max(axis=-1)
        if lead.min() < 0 < lead.max():  # otherwise there is no boundary, and matplotlib would warn
            ax.contour(xs, ys, lead, levels=[0.0], colors="black", linewidths=1.5)
        here = examples[classes == k]
        if len(here):
            ax.plot(*here.T, marker, color=colour, markeredgecolor="black", label=name)
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.legend()
    return ax


def plot_paths(
    surface: Surface, paths: Mapping[str, Any], ax: "Axes | None" = None, *, levels: int | Sequence[float] = 12
) -> "Axes":
    """Draw the paths of optimizers over a surface, which is shown by its contours.

    Arguments:
        surface: the surface that they descend.
        paths: the points of each path, of shape (T + 1, 2), by name for the legend; as returned by `descend`.
        ax: where to draw; None makes a figure.
        levels: the heights of the contours; or the number of bands between them, which have about equal areas.

    Returns the Axes. Circles are the starts, large markers the ends, and crosses the minima that are known.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.
    """
    ax, show, iterations = _draw_paths(surface, paths, ax, levels)
    show(iterations[-1])
    ax.set_title(_text(surface.name))  # without the iteration
    return ax


def animate_paths(
    surface: Surface,
    paths: Mapping[str, Any],
    ax: "Axes | None" = None,
    *,
    levels: int | Sequence[float] = 12,
    every: int = 1,
    interval: int = 100,
) -> "FuncAnimation":
    """Animate the paths of optimizers over a surface, iteration by iteration.

    Arguments:
        surface, paths, ax, levels: as for `plot_paths`. Where a path has ended, it stays.
        every: the number of iterations from one picture to the next.
        interval: how long each picture is shown, in milliseconds.

    Returns the animation. Keep it in a variable while it runs. `animation.save("paths.gif",
    writer="pillow")` writes a file; in a notebook, `HTML(animation.to_jshtml())` shows it with buttons.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.
    """
    as_integer("interval", interval, least=1)
    ax, show, iterations = _draw_paths(surface, paths, ax, levels, every)
    make: type[FuncAnimation] = _matplotlib("animation").FuncAnimation
    return make(ax.figure.figure, show, iterations, init_func=lambda: show(0), interval=interval)


def moving_paths(
    surface: Surface,
    paths: Mapping[str, Any],
    text: str,
    *,
    levels: int | Sequence[float] = 12,
    every: int = 1,
    interval: int = 250,
) -> "MovingPicture":
    """Return the animation of `animate_paths` as a picture that moves wherever a notebook or a page is shown.

    Arguments:
        surface, paths, levels, every, interval: as for `animate_paths`.
        text: what is to be seen, for those who cannot see it.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.

    >>> from nn import GradientDescent
    >>> from nn.surfaces import TWO_VALLEYS, descend
    >>> path = descend(TWO_VALLEYS, (-2.0, 1.0), GradientDescent(0.3), iterations=4)
    >>> moving = moving_paths(TWO_VALLEYS, {"gradient descent": path}, "It goes downhill.", every=2)
    >>> len(moving.pictures)
    3
    """
    as_integer("interval", interval, least=1)
    figure = _matplotlib("figure").Figure(figsize=(7.5, 5.4))
    _, show, iterations = _draw_paths(surface, paths, figure.subplots(), levels, every)
    pictures = []
    for t in iterations:
        show(t)
        pictures.append(_png(figure, 70))
        figure.set_layout_engine("none")  # the Axes stay in their place, which takes time to find
    return MovingPicture(tuple(pictures), text, interval)


def plot_weights(net: MLP, ax: "Axes | Sequence[Axes] | None" = None, *, same_scale: bool = True) -> "Figure":
    """Draw the weights of a network, layer by layer, as matrices of colours.

    Arguments:
        net: the network.
        ax: where to draw: as many Axes as the network has layers; None makes a figure.
        same_scale: whether all layers share a scale, and can be compared; else each has its own.

    Returns the Figure. Row b and column a of W^(l) is the weight on the edge from node a of layer l - 1 to node b of
    layer l; column 0, left of the line, is the bias. The scale is symmetric about 0. Small matrices show their numbers.

    Raises:
        ValueError: if there are not as many Axes as layers.
        ImportError: without matplotlib.
    """
    return _plot_matrices(net.weights, "W", "weight $w_{b,a}^{(l)}$", ax, same_scale)


def plot_gradients(
    net: MLP,
    X: Any = None,
    y: Any = None,
    ax: "Axes | Sequence[Axes] | None" = None,
    *,
    loss: str | Loss = "squared_error",
    same_scale: bool = True,
) -> "Figure":
    """Draw the gradients of the error with respect to the weights, layer by layer, as matrices of colours.

    Arguments:
        net: the network. It is not changed.
        X, y: examples and targets, as for `fit`: the gradients of their mean error are shown. With None,
            the gradients that the network holds after `backward()`.
        ax, same_scale: as for `plot_weights`. On one scale it shows where gradients vanish, or explode.
        loss: the loss for X and y.

    Returns the Figure; rows and columns are as in `plot_weights`.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.
    """
    if (X is None) != (y is None):
        raise ValueError(f"X and y must be given together, or neither; received {X!r:.50} and {y!r:.50}")
    label = r"$\partial e\,/\,\partial w_{b,a}^{(l)}$"
    if X is None:
        return _plot_matrices(net.gradients, "G", label, ax, same_scale)
    data = check_data(net, X, y, takes_class_numbers(loss))
    copied = copy.deepcopy(net)  # because computing gradients may set the network's gradients to 0
    engine = BatchGradients(copied, *data, check_loss(loss))
    _, gradients = engine.gradients(engine.batch(*data), copied.weights)
    return _plot_matrices([G / len(data[0]) for G in gradients], "G", f"mean of {label}", ax, same_scale)


def plot_restarts(restarts: Restarts, ax: "Axes | None" = None, *, log: bool = False) -> "Axes":
    """Plot the learning curve and the final training error of each start of `random_restarts`, and mark the best.

    Arguments:
        restarts: the result of `random_restarts`.
        ax: where to draw; None makes a figure.
        log: whether the errors are on a logarithmic scale.

    Returns the Axes. A circle at the end of a curve is the training error at termination: with the weights that were
    kept, and over all data, so that it need not lie on the curve.

    Raises:
        ValueError: if no start has made an iteration.
        ImportError: without matplotlib.
    """
    if not any(start.history.error for start in restarts.starts):
        raise ValueError(f"restarts must have made at least 1 iteration; received {restarts!r}")
    ax = _axes(ax)
    best = restarts.best
    others = [start for start in restarts.starts if start is not best]
    for start in others:
        ax.plot(start.history.error, color=COLOURS["sky blue"], linewidth=1)
    if others:
        ax.lines[-1].set_label(f"the other {len(others)} starts" if len(others) > 1 else "the other start")
        ends = np.transpose([(start.history.iterations, start.error) for start in others])
        circles: dict[str, Any] = {"color": "white", "markeredgecolor": COLOURS["blue"], "clip_on": False}
        ax.plot(*ends, "o", label="at termination", **circles)
    colour, words = COLOURS["vermillion"], f"its training error, {best.error:.3g}"
    ax.plot(best.history.error, color=colour, linewidth=2.5, label=f"start {best.number}, the best")
    ax.plot(best.history.iterations, best.error, color=colour, clip_on=False, zorder=5, label=words, **STAR)
    _error_axes(ax, log)
    ax.legend()
    return ax


def plot_surface_restarts(
    surface: Surface, paths: Sequence[Any], ax: "Axes | None" = None, *, levels: int | Sequence[float] = 12
) -> "Axes":
    """Draw descents of a surface from many starting points: their starts and ends, with the lowest end marked.

    Arguments:
        surface: the surface that they descend.
        paths: the points of each descent, of shape (T + 1, 2), as returned by `descend`.
        ax, levels: as for `plot_paths`.

    Returns the Axes.

    Raises:
        ValueError: naming the argument that is wrong; also if no descent has a finite end.
        ImportError: without matplotlib.
    """
    walks = [_as_path(f"paths[{number}]", path) for number, path in enumerate(paths)]
    ends = np.array([_last_point(path) for path in walks])
    heights = np.array([float(surface(*end)) if np.isfinite(end).all() else math.nan for end in ends.tolist()])
    if not np.isfinite(heights).any():
        raise ValueError(f"paths must include at least one with a finite end; the ends are {ends.tolist()}")
    best = int(np.nanargmin(heights))
    ax = _draw_surface(ax, surface, levels)
    for number, path in enumerate(walks):
        colour, width = (COLOURS["vermillion"], 2.5) if number == best else (COLOURS["blue"], 1)
        ax.plot(*path.T, color=colour, linewidth=width)
    ax.plot(*ends.T, "s", color=COLOURS["blue"], markeredgecolor="white", label="end")
    ax.plot(*ends[best], color=COLOURS["vermillion"], label=f"lowest end, $f$ = {heights[best]:.3g}", **STAR)
    _finish_surface(ax, [path[0] for path in walks])
    return ax


# Pictures that move


@dataclass(frozen=True)
class MovingPicture:
    """Pictures that are shown one after another, in a loop; what `moving_paths` returns.

    Attributes:
        pictures: PNG files in memory.
        text: what is to be seen, for those who cannot see it.
        interval: how long each picture is shown, in milliseconds.
    """

    pictures: tuple[bytes, ...] = field(repr=False)
    text: str
    interval: int

    def _repr_html_(self) -> str:
        gif = base64.b64encode(_gif(self.pictures, self.interval)).decode()
        return f'<img src="data:image/gif;base64,{gif}" alt="{html.escape(self.text)}">'


# While it trains


class LivePlot:
    """A callback of `fit` that draws the training as it goes on; what `live_plot` returns.

    Attributes:
        pictures: the pictures drawn so far, as PNG files in memory.
    """

    def __init__(self, X: Any, y: Any, every: int, log: bool, threshold: float) -> None:
        self.X, self.y, self.every, self.log, self.threshold = X, y, every, log, threshold
        self.pictures: list[bytes] = []
        self._figure = _matplotlib("figure").Figure(figsize=(11.0 if X is not None else 7.0, 4.5), layout="constrained")
        self._shown: Any = None

    def __call__(self, net: MLP, history: History) -> None:
        """Draw the network and the history so far, after iterations 1, every, 2 every, ..."""
        if history.iterations > 1 and history.iterations % self.every:
            return
        self._figure.clear()
        axes = self._figure.subplots(1, 1 if self.X is None else 2, squeeze=False)[0]
        plot_learning_curves(history, axes[0], log=self.log)
        if self.X is not None:
            plot_decision_boundary(net, self.X, self.y, axes[1], threshold=self.threshold, resolution=100)
        self._figure.suptitle(f"after {history.iterations} iterations: mean error {history.error[-1]:.4g}")
        self.pictures.append(_png(self._figure, 80))
        ipython = sys.modules.get("IPython")  # nothing else can show a picture in place of the one before
        if ipython is not None and hasattr(ipython.get_ipython(), "kernel"):
            picture = ipython.display.Image(self.pictures[-1])
            if self._shown is None:
                self._shown = ipython.display.display(picture, display_id=True)
            else:
                self._shown.update(picture)

    def save(self, path: str | os.PathLike[str], interval: int = 100) -> Path:
        """Write the pictures as an animated GIF, and return its path.

        Arguments:
            path: a file name that ends in .gif.
            interval: how long each picture is shown, in milliseconds.

        Raises:
            ValueError: if the name ends in anything else, or nothing was drawn yet.
        """
        path = Path(path)
        as_integer("interval", interval, least=1)
        if path.suffix.lower() != ".gif":
            raise ValueError(f"path must end in .gif; received {str(path)!r}")
        if not self.pictures:
            raise ValueError("there is nothing to save yet: pass this to fit(..., callbacks=[...]) first")
        path.write_bytes(_gif(self.pictures, interval))
        return path


def live_plot(X: Any = None, y: Any = None, *, every: int = 20, log: bool = False, threshold: float = 0.0) -> LivePlot:
    """Return a callback of `fit` that draws the learning curve, and the decision boundary, while the network trains.

    In a notebook, each picture takes the place of the one before. `save("training.gif")` writes them all as an
    animation, in a notebook or not.

    Arguments:
        X, y: the examples of `plot_decision_boundary`, for a network with two inputs; None draws the curve alone.
        every: the number of iterations from one picture to the next.
        log: whether the errors are on a logarithmic scale.
        threshold: as for `plot_decision_boundary`.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
        ImportError: without matplotlib.

    >>> from nn import GradientDescent, MaximumIterations, fit, moons
    >>> X, y = moons(40, seed=1)
    >>> live = live_plot(X, y, every=10)
    >>> history = fit(MLP(2, [4, 1], seed=0), X, y, stop=MaximumIterations(30), callbacks=[live])
    >>> len(live.pictures)
    4
    """
    as_integer("every", every, least=1)
    as_number("threshold", threshold)
    if (X is None) != (y is None):
        raise ValueError(f"X and y must be given together, or neither; received {X!r:.50} and {y!r:.50}")
    return LivePlot(X, y, every, log, threshold)


# Figures and text


def _matplotlib(module: str) -> Any:
    """Import a module of matplotlib, or raise an ImportError that names the extra."""
    try:
        return import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError(
            f"pictures need the package matplotlib ({error}): pip install 'autograd-lite[lab]'"
        ) from error


def _axes(ax: "Axes | None", size: tuple[float, float] = (7.0, 4.5), layout: Any = "constrained") -> "Axes":
    """Return the given Axes, or the Axes of a new figure, whose size is in inches.

    Their figure gets a layout engine, if it has none, which makes room for what lies beside the Axes.
    """
    if ax is None:
        ax = _matplotlib("pyplot").subplots(figsize=size)[1]
    if ax.get_subplotspec() is not None and ax.figure.figure.get_layout_engine() is None:
        ax.figure.figure.set_layout_engine(layout)
    return ax


def _grid(figure: "Figure", count: int, across: int, same_scale: bool = False) -> "list[Axes]":
    """Return that many Axes in rows of a new figure; the last row may be shorter."""
    rows = -(-count // across)
    axes = list(figure.subplots(rows, across, squeeze=False, sharex=same_scale, sharey=same_scale).flat)
    for unused in axes[count:]:
        unused.remove()
    return axes[:count]


def _png(figure: "Figure", dpi: int) -> bytes:
    """Return a figure as a PNG file."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def _gif(pictures: Sequence[bytes], interval: int) -> bytes:
    """Return PNG files as an animated GIF, in which each is shown for some milliseconds."""
    image, file = import_module("PIL.Image"), BytesIO()  # which matplotlib needs too
    opened = [image.open(BytesIO(picture)).convert("RGB") for picture in pictures]
    palette = opened[-1].quantize(256, method=image.Quantize.MAXCOVERAGE)  # which keeps rare colours apart
    first, *others = [picture.quantize(palette=palette, dither=image.Dither.NONE) for picture in opened]
    first.save(file, "GIF", save_all=True, append_images=others, duration=interval, loop=0)
    return file.getvalue()


def _text(name: str) -> str:
    """Return a name with dollar signs escaped: matplotlib would take dollar signs for mathematics."""
    return str(name).replace("$", r"\$")


def _label(name: str) -> str:
    """Return the label of a run; matplotlib would leave out one that is empty or starts with an underscore."""
    label = _text(name)
    return f" {label}" if label.startswith("_") else label or "_"


def _class_name(targets: FloatArray, k: int, threshold: float) -> str:
    """Return the label of one of two classes: its target, if all its examples have the same target."""
    same = len(targets) and (targets == targets[0]).all()
    words = f"= {targets[0]:g}" if same else f"{'>' if k else '≤'} {threshold:g}"
    return f"$y$ {words}".replace("-", "−")


def _legend_below(ax: "Axes") -> None:
    """Add a legend below the axes, in as many columns as there is room for, up to 3."""
    for columns in (3, 2, 1):
        legend = ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, frameon=False, ncols=columns)
        if legend.get_window_extent().width <= ax.get_window_extent().width:
            break


def _legend(ax: "Axes") -> None:
    """Add a legend where it hides least, or below the axes if it is large."""
    labels = ax.get_legend_handles_labels()[1]
    if len(labels) > 7 or max(map(len, labels)) > 30:
        _legend_below(ax)
    else:
        ax.legend()


def _error_axes(ax: "Axes", log: bool) -> None:
    """Label and scale the axes of learning curves."""
    ax.set(xlabel="iteration $t$", ylabel="mean error per example")
    ax.xaxis.set_major_locator(_matplotlib("ticker").MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if log:
        ax.set_yscale("log")


def _marks(points: int, number: int, lines: int) -> tuple[int, int]:
    """Return where a line has its markers, about 8 of them, apart from the markers of the other lines."""
    step = max(1, points // 8)
    return number * step // lines, step


# Data


def _named(argument: str, things: Any) -> Mapping[str, Any]:
    """Return the mapping, or raise a ValueError that names the argument if it is empty."""
    if not isinstance(things, Mapping) or not things:
        raise ValueError(f"{argument} must be a mapping of names with at least one entry; received {things!r:.100}")
    return things


def _row(argument: str, numbers: Any) -> FloatArray:
    """Return at least one number, in one dimension, nan for None; or raise a ValueError that names the argument."""
    if isinstance(numbers, list | tuple):
        numbers = [math.nan if number is None else number for number in numbers]
    row = as_array(argument, numbers)
    if row.ndim != 1 or len(row) == 0:
        raise ValueError(f"{argument} must be numbers in one dimension, at least one; received shape {row.shape}")
    return row


def _edges(numbers: FloatArray, resolution: int) -> FloatArray:
    """Return the edges of that many pixels along an axis, from a little below the numbers to a little above."""
    lowest, highest = float(numbers.min()), float(numbers.max())
    margin = 0.1 * (highest - lowest) or 1.0
    return np.linspace(lowest - margin, highest + margin, resolution + 1)


def _as_path(argument: str, points: Any) -> FloatArray:
    """Return the points as an array of shape (T + 1, 2), or raise a ValueError that names the argument."""
    path = as_array(argument, points)
    if path.ndim != 2 or path.shape[1] != 2 or len(path) == 0:
        raise ValueError(f"{argument} must be points (x, y), of shape (T + 1, 2); received shape {path.shape}")
    return path


def _last_point(path: FloatArray) -> FloatArray:
    """Return the last point that is finite; nan if none is."""
    finite = np.flatnonzero(np.isfinite(path).all(axis=1))
    return path[finite[-1]] if len(finite) else np.full(2, math.nan)


# Surfaces


def _contour_levels(heights: FloatArray, levels: int | Sequence[float]) -> FloatArray:
    """Return the given heights of contours, or heights that bound that number of bands of about equal area, rounded."""
    if not isinstance(levels, int):
        return np.unique(as_array("levels", levels))
    as_integer("levels", levels, least=2)
    if heights.size == 0:
        raise ValueError("surface must have at least some finite values in its window")
    bounds = np.unique(np.quantile(heights, np.linspace(0, 1, levels + 1)))
    if len(bounds) == 1:  # it is flat
        return np.array([bounds[0] - 1, bounds[0] + 1])
    digits = 1 - math.floor(math.log10(np.median(np.diff(bounds))))
    bounds[1:-1] = bounds[1:-1].round(digits) + 0.0  # not -0
    return np.unique(bounds)


def _draw_surface(ax: "Axes | None", surface: Surface, levels: int | Sequence[float]) -> "Axes":
    """Draw grey contours, which leave the colours to the paths; also the colour bar, minima, title and axes."""
    if not isinstance(surface, Surface):
        raise TypeError(f"surface must be a Surface; received {surface!r:.100}")
    (left, right), (bottom, top) = surface.window
    height = min(max(5.0 * (top - bottom) / (right - left), 2.5), 7.0)
    ax = _axes(ax, (7.5, 1.9 + height), "compressed")  # which is the layout for Axes of a fixed shape
    xs, ys = np.linspace(left, right, 161), np.linspace(bottom, top, 161)
    heights = np.ma.masked_invalid(surface.heights(xs, ys))
    greys = _matplotlib("colors").LinearSegmentedColormap.from_list("heights", ["#ffffff", "#9a9a9a"])
    bounds = _contour_levels(heights.compressed(), levels)
    beyond = "neither" if isinstance(levels, int) else "both"
    norm = _matplotlib("colors").BoundaryNorm(bounds, greys.N, extend=beyond)
    filled = ax.contourf(xs, ys, heights, levels=bounds, cmap=greys, norm=norm, extend=beyond)
    ax.contour(xs, ys, heights, levels=bounds, colors="#777777", linewidths=0.6, linestyles="solid")
    beside = ax.inset_axes((1.03, 0.0, 0.04, 1.0))  # as high as the surface, whatever its shape
    ax.figure.colorbar(filled, cax=beside, label="$f(x, y)$", ticks=bounds, format="%.3g")
    if surface.minima:
        ax.plot(*np.transpose(surface.minima), "x", color="black", markersize=11, markeredgewidth=2, label="minimum")
    ax.set(xlim=surface.window[0], ylim=surface.window[1], aspect="equal", xlabel="$x$", ylabel="$y$")
    ax.set_title(_text(surface.name))
    return ax


def _draw_paths(
    surface: Surface, paths: Mapping[str, Any], ax: "Axes | None", levels: int | Sequence[float], every: int = 1
) -> "tuple[Axes, Callable[[int], list[Artist]], list[int]]":
    """Draw a surface and where the paths start.

    Returns the Axes, a function that shows all paths up to an iteration, with its number in the title, and the
    iterations to show: every one of them or fewer, and the last.
    """
    as_integer("every", every, least=1)
    walks = {name: _as_path(f"paths[{name!r}]", path) for name, path in _named("paths", paths).items()}
    ax = _draw_surface(ax, surface, levels)
    halo = [_matplotlib("patheffects").withStroke(linewidth=3.5, foreground="white")]
    artists: list[Any] = []
    for (colour, marker), (name, path) in zip(styles(), walks.items(), strict=False):
        seldom: dict[str, Any] = {"marker": marker, "markersize": 3.5, "markevery": -(-len(path) // 40)}
        (line,) = ax.plot([], [], color=colour, path_effects=halo, **seldom)
        (end,) = ax.plot(
            [], [], marker, color=colour, markeredgecolor="white", markersize=9, zorder=4, label=_label(name)
        )
        artists += [line, end]
    _finish_surface(ax, [path[0] for path in walks.values()])

    def show(t: int) -> "list[Artist]":
        ax.set_title(f"{_text(surface.name)}, iteration {t}")
        for path, line, end in zip(walks.values(), artists[::2], artists[1::2], strict=True):
            line.set_data(*path[: t + 1].T)
            end.set_data(*_last_point(path[: t + 1])[:, np.newaxis])
        return artists

    last = max(map(len, walks.values())) - 1
    return ax, show, [*range(0, last, every), last]


def _finish_surface(ax: "Axes", starts: Sequence[FloatArray]) -> None:
    """Draw each point where a path starts, once, and the legend; thin out the heights at the colour bar if need be."""
    places = np.unique(np.array(starts), axis=0)
    ax.plot(*places.T, "o", color="white", markeredgecolor="black", markersize=7, zorder=3, label="start")
    _legend_below(ax)
    ax.figure.figure.draw_without_rendering()  # so that the size of the Axes is known
    axis = ax.child_axes[-1].yaxis
    locator: Any = axis.get_major_locator()
    locator.nbins = int(1.4 * axis.get_tick_space())


# Matrices


def _plot_matrices(
    matrices: Sequence[FloatArray], letter: str, label: str, ax: "Axes | Sequence[Axes] | None", same_scale: bool
) -> "Figure":
    """Draw the matrices of the layers 1 to L as images, side by side."""
    axes = _new_axes(matrices) if ax is None else list(np.ravel(np.array(ax, dtype=object)))
    if len(axes) != len(matrices):
        raise ValueError(f"ax must be {len(matrices)} Axes, one for each layer; received {len(axes)}")
    _axes(axes[0])  # so that there is room for what lies beside them
    figure: Figure = axes[0].figure
    limits = [float(np.abs(matrix).max()) or 1.0 for matrix in matrices]
    if same_scale:
        limits = [max(limits)] * len(matrices)
    for l, (matrix, place, limit) in enumerate(zip(matrices, axes, limits, strict=True), start=1):
        rows, columns = matrix.shape
        extent = (-0.5, columns - 0.5, rows + 0.5, 0.5)  # so that the axes count as the lecture does
        image = place.imshow(matrix, cmap="PuOr", vmin=-limit, vmax=limit, extent=extent, aspect="auto")
        place.axvline(0.5, color="black", linewidth=2)
        place.set_xticks(_ticks(columns, 0), [f"{a}\n(bias)" if a == 0 else str(a) for a in _ticks(columns, 0)])
        place.set_yticks(_ticks(rows, 1))
        place.set_title(f"${letter}^{{({l})}}$")
        place.set(xlabel=f"from node $a$ of layer {l - 1}", ylabel=f"to node $b$ of layer {l}")
        if not same_scale:
            figure.colorbar(image, cax=place.inset_axes((1.03, 0, 0.05, 1)), label=label)
    if same_scale:
        figure.colorbar(image, ax=axes, label=label)
    figure.figure.draw_without_rendering()  # so that the sizes of the Axes are known
    for matrix, place, limit in zip(matrices, axes, limits, strict=True):
        _write_numbers(place, matrix, limit)
    return figure


def _new_axes(matrices: Sequence[FloatArray]) -> list[Any]:
    """Return Axes in a new figure, one for each matrix, in rows of at most 16 inches; sizes grow with the font."""
    pyplot = _matplotlib("pyplot")
    rows, columns = np.clip([matrix.shape for matrix in matrices], 3, 12).max(axis=0)
    width, height = 0.5 * columns + 1.5, 0.45 * rows + 1.4
    across = min(len(matrices), int(15 / width))
    down = -(-len(matrices) // across)
    unit = pyplot.rcParams["font.size"] / 10
    figure = pyplot.figure(figsize=(unit * (across * width + 1), unit * down * height))
    return _grid(figure, len(matrices), across)


def _write_numbers(ax: "Axes", matrix: FloatArray, limit: float) -> None:
    """Write the numbers of a small matrix into its cells, if they fit."""
    if matrix.size > MOST_NUMBERS:
        return
    for (row, column), number in np.ndenumerate(matrix):
        colour = "white" if abs(number) > 0.6 * limit else "black"
        words = f"{number:.2g}".replace("-", "−")
        ax.text(column, row + 1, words, ha="center", va="center", size="small", color=colour)
    cell = np.divide(ax.get_window_extent().size, matrix.shape[::-1])
    if any((text.get_window_extent().size > 0.95 * cell).any() for text in ax.texts):
        for text in list(ax.texts):
            text.remove()


def _ticks(count: int, first: int) -> list[int]:
    """Return positions of ticks: the first integer, and multiples of a round step."""
    locator = _matplotlib("ticker").MaxNLocator(12, integer=True, steps=[1, 2, 5, 10])
    ticks = locator.tick_values(first, first + count - 1)
    return sorted({first, *map(int, ticks)} & set(range(first, first + count)))
