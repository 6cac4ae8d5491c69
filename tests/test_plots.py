"""Pictures of training: what their lines, images and legends hold."""

import base64
import html
import itertools
import re
import subprocess
import sys
from functools import partial
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest

from nn.delta import back_propagation_over_data
from nn.mlp import MLP
from nn.plots import (
    COLOURS,
    animate_paths,
    live_plot,
    moving_paths,
    panels,
    plot_curves,
    plot_decision_boundary,
    plot_gradients,
    plot_learning_curves,
    plot_paths,
    plot_points,
    plot_restarts,
    plot_surface_restarts,
    plot_weights,
    styles,
)
from nn.surfaces import HIMMELBLAU, ROSENBROCK, SURFACES, TWO_VALLEYS, Surface, descend, random_points
from nn.training.loop import History, fit
from nn.training.losses import squared_error
from nn.training.optimizers import Adam, GradientDescent, Momentum
from nn.training.restarting import random_restarts
from nn.training.termination import MaximumIterations

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")
Figure = pytest.importorskip("matplotlib.figure").Figure

X = np.random.default_rng(0).normal(size=(12, 2))
Y = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
PATHS = {
    "gradient descent": descend(TWO_VALLEYS, (-2.0, 1.0), GradientDescent(0.3), 30),
    "heavy ball": descend(TWO_VALLEYS, (-2.0, 1.0), Momentum(0.3), 45),
}


@pytest.fixture(autouse=True)
def _figures():
    """Each test begins and ends without figures, and leaves the settings as they were."""
    plt.close("all")
    before = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before


@pytest.fixture
def ax():
    """Axes that pyplot knows nothing of."""
    axes = Figure().subplots()
    yield axes
    assert plt.get_fignums() == [], "pyplot is left alone where Axes are given"


def trained(seed=0, **options):
    net = MLP(2, [3, 1], seed=seed)
    return net, fit(net, X, Y, **{"optimizer": GradientDescent(0.05), "stop": MaximumIterations(20), **options})


def data(line):
    return [list(map(float, numbers)) for numbers in line.get_data()]


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def drawn(axes):
    """Go through all that is drawn, with all texts and ticks, so that whatever cannot be drawn is found."""
    axes.figure.draw_without_rendering()
    return axes


# Colours


def seen_with(blindness, colour):
    """The colour as it is seen with a colour blindness: Machado, Oliveira and Fernandes (2009), severity 1."""
    matrix = {
        None: np.eye(3),
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        "protanopia": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    }[blindness]
    return np.clip(np.asarray(matrix) @ linear(colour), 0, 1)


def linear(colour):
    """sRGB to linear RGB."""
    c = np.array(colors.to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Linear RGB to CIELAB, for white D65."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.asarray(to_xyz) @ rgb / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(blindness, colours):
    """The least difference between two of them (delta E, 1976); 2.3 is just noticeable."""
    seen = [lab(seen_with(blindness, colour)) for colour in colours]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))


@pytest.mark.parametrize("blindness", [None, "deuteranopia", "protanopia"])
def test_the_colours_are_far_apart_with_and_without_colour_blindness(blindness):
    assert nearest(blindness, COLOURS.values()) > 15
    assert nearest("deuteranopia", ["#b07000", "#759b00"]) < 15, "an orange and a green that are too alike"


def test_styles_differ_in_colour_and_in_marker():
    first = list(itertools.islice(styles(), 7))
    assert [len(set(them)) for them in zip(*first, strict=True)] == [7, 7]


# Learning curves


def test_the_lines_are_the_history(ax):
    _, history = trained(validation=(X[:4], -Y[:4]), evaluate_every=5)
    assert plot_learning_curves(history, ax) is ax
    training, validation, best = drawn(ax).lines[:3]
    assert data(training) == [list(range(20)), history.error]
    known = [t for t, loss in enumerate(history.validation_loss) if loss is not None]
    assert known == [0, 5, 10, 15]
    assert data(validation) == [known, [history.validation_loss[t] for t in known]]
    assert data(best) == [[history.best_iteration], [history.best_loss]]
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_color() != validation.get_color() == best.get_color()
    assert legend_of(ax) == ["training", "validation", "best weights"]
    handles = ax.get_legend().legend_handles
    assert [handle.get_linestyle() for handle in handles[:2]] == ["-", "--"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration $t$", "mean error per example")


def test_several_runs_differ_in_colour_and_marker_and_are_named(ax):
    runs = {"plain": trained()[1], "_b $5$ & $6$": trained(1)[1], "checked": trained(2, validation=(X, Y))[1]}
    plot_learning_curves(runs, ax)
    drawn(ax)
    named = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert list(named) == ["plain", r" _b \$5\$ & \$6\$", "checked", "training", "validation", "best weights"]
    for run, line in zip(runs.values(), named.values(), strict=False):
        assert data(line) == [list(range(20)), run.error]
    assert len({(line.get_color(), line.get_marker()) for line in list(named.values())[:3]}) == 3
    assert len({line.get_marker() for line in list(named.values())[:3]}) == 3
    assert legend_of(ax) == list(named)


def test_several_runs_without_validation_need_no_more_words(ax):
    plot_learning_curves({"a": trained()[1], "b": trained(1)[1]}, ax)
    assert legend_of(ax) == ["a", "b"]
    assert len(ax.lines) == 2


def test_one_run_without_validation_needs_no_legend(ax):
    plot_learning_curves(trained()[1], ax)
    assert ax.get_legend() is None


def test_a_validation_loss_of_0_is_drawn(ax):
    history = History(error=[1.0, 0.5, 0.0], loss=[1.0, 0.5, 0.0], validation_loss=[0.25, None, 0.0])
    plot_learning_curves(history, ax)
    assert data(ax.lines[1]) == [[0, 2], [0.25, 0.0]]


def test_a_logarithmic_scale_is_an_option(ax):
    history = History(error=[1.0, 0.1, 0.0], loss=[1.0, 0.1, 0.0], validation_loss=[None] * 3)
    assert plot_learning_curves(history, ax).get_yscale() == "linear"
    assert drawn(plot_learning_curves(history, ax, log=True)).get_yscale() == "log"


def test_a_run_of_one_iteration_can_be_seen(ax):
    plot_learning_curves(trained(stop=MaximumIterations(1))[1], ax)
    assert ax.lines[0].get_marker() not in {"", "None"}


def test_a_running_mean_stands_before_the_single_iterations(ax):
    errors = [4.0, 2.0, 0.0, 1.0]
    plot_learning_curves(History(error=errors, loss=errors, validation_loss=[None, 5.0, None, 3.0]), ax, smooth=3)
    single, means, validation, _ = ax.lines[:4]
    assert data(single) == [[0, 1, 2, 3], errors]
    assert single.get_linestyle() == "None"
    assert single.get_alpha() < 0.5
    assert np.allclose(data(means), [[2, 3], [2, 1]]), "the mean of the last 3 iterations"
    assert data(validation) == [[1, 3], [5.0, 3.0]], "validation losses are as they are"


@pytest.mark.parametrize("smooth", [0, 21])
def test_no_more_iterations_are_averaged_than_there_are(ax, smooth):
    with pytest.raises(ValueError, match=f"smooth must be .*; received {smooth}"):
        plot_learning_curves({"a": trained()[1], "b": trained(stop=MaximumIterations(30))[1]}, ax, smooth=smooth)


@pytest.mark.parametrize("wrong", [{}, History(), {"a": History()}, {"a": [1.0, 2.0]}])
def test_a_history_without_iterations_is_refused(wrong):
    with pytest.raises(ValueError, match="history must be"):
        plot_learning_curves(wrong)


# Decision boundaries


def regions(axes):
    """The classes of the picture's points, and the points."""
    (image,) = axes.images
    classes = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    rows, columns = classes.shape
    xs = left + (np.arange(columns) + 0.5) * (right - left) / columns
    ys = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    assert image.origin == "lower"
    return classes, xs, ys


def tint_of(axes, k):
    (image,) = axes.images
    return 1 - image.get_alpha() * (1 - np.array(image.cmap(image.norm(k)))[:3])


def test_the_regions_are_the_classes_of_the_network(ax):
    net, _ = trained(stop=MaximumIterations(100))
    plot_decision_boundary(net, X, Y, ax, resolution=30)
    classes, xs, ys = regions(drawn(ax))
    assert set(np.unique(classes)) == {0, 1}
    for row, column in np.ndindex(classes.shape):
        assert classes[row, column] == (net([xs[column], ys[row]]).data > 0)
    boundary = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert np.abs([net(point.tolist()).data for point in boundary]).max() < 0.1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")


def test_the_examples_have_a_marker_and_a_colour_for_each_class(ax):
    plot_decision_boundary(trained()[0], X, Y, ax)
    assert legend_of(ax) == ["$y$ = −1", "$y$ = 1"]
    for k, (line, target) in enumerate(zip(ax.lines, (-1, 1), strict=True)):
        assert np.array_equal(np.transpose(line.get_data()), X[target == Y])
        shade, full = tint_of(ax, k), np.array(colors.to_rgb(line.get_color()))
        assert np.allclose(shade, 1 - 0.3 * (1 - full)), "the region has a light shade of it"
    assert ax.lines[0].get_marker() != ax.lines[1].get_marker()
    assert (ax.images[0].get_extent()[0] < X[:, 0]).all()


def test_the_threshold_is_where_it_is_said_to_be(ax):
    net = MLP(2, [1], activation="sigmoid", weights=[[[0.0, 4.0, 0.0]]])
    plot_decision_boundary(net, [[-1, -1], [1, 1], [1, 0]], [0, 1, 1], ax, threshold=0.5)
    assert np.abs(ax.collections[0].get_paths()[0].vertices[:, 0]).max() < 1e-2
    classes, xs, _ = regions(ax)
    assert np.array_equal(classes[0], xs > 0)
    assert legend_of(ax) == ["$y$ = 0", "$y$ = 1"]


def test_numbers_are_named_by_their_side(ax):
    plot_decision_boundary(MLP(2, [1], seed=0), [[-1, -1], [1, 1], [1, 0]], [-0.5, -0.25, 3.5], ax)
    assert legend_of(ax) == ["$y$ ≤ 0", "$y$ = 3.5"]


@pytest.mark.parametrize("one_hot", [False, True])
def test_several_outputs_are_compared(ax, one_hot):
    net = MLP(2, [4], output_activation="linear", weights=[[[0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]])
    y = np.array([0, 1, 2, 2])
    points = [[2, 0], [-2, 0], [0, 2], [1, 2]]
    plot_decision_boundary(net, points, np.eye(4)[y] if one_hot else y, ax, resolution=41)
    classes, xs, ys = regions(drawn(ax))
    for row, column in np.ndindex(classes.shape):
        outputs = [o.data for o in net([xs[column], ys[row]])]
        assert outputs[classes[row, column]] == max(outputs)
    assert len({tuple(tint_of(ax, k)) for k in range(4)}) == 4
    assert legend_of(ax) == ["class 0", "class 1", "class 2"]
    on_the_boundary = np.concatenate([path.vertices for c in ax.collections for path in c.get_paths()])
    assert np.abs(np.abs(on_the_boundary[:, 0]) - np.abs(on_the_boundary[:, 1])).max() < 0.1


def test_a_network_that_predicts_one_class_has_no_boundary(ax):
    plot_decision_boundary(MLP(2, [1], weights=[[[1.0, 0.0, 0.0]]]), X, Y, ax)
    assert len(ax.collections) == 0


def test_examples_in_a_row_still_have_a_plane_around_them(ax):
    plot_decision_boundary(MLP(2, [1], seed=0), [[0.0, 1.0], [2.0, 1.0]], [-1, 1], ax)
    assert ax.images[0].get_extent()[3] > 1.0 > ax.images[0].get_extent()[2]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"net": MLP(3, [1])}, ValueError, "net must be an MLP with 2 inputs; received one with 3"),
        ({"net": "net"}, TypeError, "net must be an MLP with 2 inputs; received 'net'"),
        ({"X": X[:, :1]}, ValueError, "X must have shape"),
        ({"y": Y[:3]}, ValueError, "y must have shape"),
        ({"resolution": 1}, ValueError, "resolution must be"),
        ({"threshold": "0"}, TypeError, "threshold must be"),
    ],
)
def test_a_wrong_argument_of_a_boundary_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        plot_decision_boundary(**{"net": MLP(2, [1], seed=0), "X": X, "y": Y, **arguments})
    assert plt.get_fignums() == [], "no empty figure is left"


# Paths


def path_lines(axes):
    """The lines of paths, in their order: those that have many points and a colour."""
    return [line for line in axes.lines if len(line.get_xdata()) > 5 and colors.to_hex(line.get_color()) != "#ffffff"]


def with_label(axes, label):
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def test_the_lines_are_the_paths_and_have_starts_and_ends(ax):
    assert plot_paths(TWO_VALLEYS, PATHS, ax) is ax
    lines = path_lines(drawn(ax))
    for line, (name, path) in zip(lines, PATHS.items(), strict=True):
        assert np.array_equal(np.transpose(line.get_data()), path)
        end = with_label(ax, name)
        assert np.array_equal(np.transpose(end.get_data()), path[-1:])
        assert (end.get_color(), end.get_marker()) == (line.get_color(), line.get_marker())
    assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 2
    assert data(with_label(ax, "start")) == [[-2.0], [1.0]], "one start is drawn once"
    assert np.allclose(np.transpose(with_label(ax, "minimum").get_data()), TWO_VALLEYS.minima)
    assert sorted(legend_of(ax)) == ["gradient descent", "heavy ball", "minimum", "start"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("$x$", "$y$", "Two valleys")
    assert ax.child_axes[0].get_ylabel() == "$f(x, y)$"
    assert ax.get_aspect() == 1, "the gradient is at right angles to the contours"


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
def test_contours_are_where_the_surface_has_their_height(ax, surface):
    plot_paths(surface, {"a": [surface.minima[0]]}, ax)
    contours = ax.collections[-1]
    assert len(contours.levels) >= 8
    heights = [surface(x, y) for x, y in random_points(surface, 2000)]
    inside = np.histogram(heights, contours.levels)[0]
    assert sum(inside) == 2000, "all heights are between the first and the last"
    assert inside.max() < 3 * 2000 / len(inside), "about equal areas"
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        between = np.abs(np.diff(contours.levels)).min()
        for x, y in path.vertices[:: max(1, len(path.vertices) // 20)]:
            assert abs(surface(x, y) - level) < max(between, 0.02 * abs(level))
    assert (ax.get_xlim(), ax.get_ylim()) == surface.window
    assert "-0" not in [tick.get_text() for tick in drawn(ax).child_axes[0].get_yticklabels()]


def test_the_levels_can_be_given(ax):
    plot_paths(HIMMELBLAU, {"a": [(0, 0)]}, ax, levels=[100, 1.0, 10])
    assert ax.collections[-1].levels.tolist() == [1, 10, 100]
    assert [tick.get_text() for tick in drawn(ax).child_axes[0].get_yticklabels()] == ["1", "10", "100"]


def test_a_path_that_ended_in_nan_ends_where_it_was_finite(ax):
    plot_paths(TWO_VALLEYS, {"a": [(0.0, 1.0), (1.0, 1.0), (np.nan, np.nan)]}, ax)
    assert data(with_label(ax, "a")) == [[1.0], [1.0]]


@pytest.mark.parametrize("function", [lambda x, y: 1.0, lambda x, y: float("nan") if x < 0 else x])
def test_flat_and_half_defined_surfaces_are_drawn(ax, function):
    drawn(plot_paths(Surface("s", function, ((-1, 1), (-1, 1))), {"a": [(0, 0), (1, 1)]}, ax))
    assert legend_of(ax) == ["a", "start"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"surface": TWO_VALLEYS.function}, "surface must be a Surface"),
        ({"paths": {}}, "paths must be a mapping of names with at least one entry"),
        ({"paths": [(0, 0)]}, "paths must be a mapping of names with at least one entry"),
        ({"paths": {"a": [1, 2, 3]}}, r"paths\['a'\] must be points"),
        ({"paths": {"a": "abc"}}, r"paths\['a'\] must be real numbers"),
        ({"levels": 1}, "levels must be"),
        (
            {"surface": Surface("s", lambda x, y: float("nan"), ((0, 1), (0, 1)))},
            "surface must have at least some finite values",
        ),
    ],
)
def test_a_wrong_argument_of_paths_is_named(ax, arguments, message):
    with pytest.raises(TypeError if "a Surface" in message or "real numbers" in message else ValueError, match=message):
        plot_paths(**{"surface": TWO_VALLEYS, "paths": PATHS, "ax": ax, **arguments})


def test_the_animation_grows_the_paths_and_is_saved_as_a_gif(ax, tmp_path):
    image = pytest.importorskip("PIL.Image")
    shown = []
    animation = animate_paths(TWO_VALLEYS, PATHS, ax, every=10, interval=200)
    update = animation._func
    animation._func = lambda t: (
        update(t),
        shown.append((t, ax.get_title(), [len(line.get_xdata()) for line in path_lines(ax)])),
    )[0]
    animation.save(tmp_path / "paths.gif", writer="pillow", dpi=40)
    assert [t for t, _, _ in shown] == [0, 10, 20, 30, 40, 45]
    assert shown[1][1:] == ("Two valleys, iteration 10", [11, 11])
    assert shown[-1][1:] == ("Two valleys, iteration 45", [31, 46])
    with image.open(tmp_path / "paths.gif") as gif:
        assert gif.n_frames == 6
        assert gif.info["duration"] == 200


def test_the_animation_is_shown_in_notebooks(ax):
    assert "iteration" not in ax.get_title()
    html = animate_paths(TWO_VALLEYS, {"a": PATHS["heavy ball"][:3]}, ax).to_jshtml(fps=5)
    assert html.count("data:image/png;base64") == 3


def test_an_animation_has_the_last_picture_once(ax):
    animation = animate_paths(TWO_VALLEYS, {"a": PATHS["heavy ball"][:5]}, ax, every=2)
    assert list(animation.new_frame_seq()) == [0, 2, 4]
    animation._draw_was_started = True  # else matplotlib warns that it was never shown


def test_a_moving_picture_is_shown_in_notebooks_and_has_words():
    image = pytest.importorskip("PIL.Image")
    moving = moving_paths(TWO_VALLEYS, PATHS, 'It goes "down" & up.', every=20, interval=300)
    assert plt.get_fignums() == [], "it is not shown a second time, as a still"
    source, alt = re.fullmatch('<img src="data:image/gif;base64,([^"]+)" alt="([^"]+)">', moving._repr_html_()).groups()
    assert html.unescape(alt) == 'It goes "down" & up.'
    with image.open(BytesIO(base64.b64decode(source))) as gif:
        assert (gif.n_frames, gif.info["duration"], gif.info["loop"]) == (4, 300, 0)
        for frame in range(4):
            gif.seek(frame)
            pixels = np.asarray(gif.convert("RGB"), dtype=int).reshape(-1, 3)
            for colour in (COLOURS["blue"], COLOURS["vermillion"]):
                distances = np.abs(pixels - 255 * np.array(colors.to_rgb(colour))).max(axis=1)
                assert np.sum(distances < 10) > 20, "the legend has the colours of the paths"
    assert len(set(moving.pictures)) == 4
    assert len(repr(moving)) < 200, "a notebook keeps it, too"


# Weights and gradients


def images_of(figure):
    return [axes.images[0] for axes in figure.axes if axes.images]


def test_weights_are_images_by_row_b_and_column_a():
    net = MLP(2, [3, 1], seed=0)
    figure = plot_weights(net)
    figure.canvas.draw()
    assert plt.get_fignums() == [figure.number]
    for l, (image, W) in enumerate(zip(images_of(figure), net.weights, strict=True), start=1):
        axes = image.axes
        assert np.array_equal(image.get_array(), W)
        left, right, bottom, top = image.get_extent()
        assert (left, right) == (-0.5, W.shape[1] - 0.5), "columns are counted from 0, the bias"
        assert (top, bottom) == (0.5, len(W) + 0.5), "rows are counted from 1, from above"
        assert axes.get_title() == f"$W^{{({l})}}$"
        assert axes.get_xlabel() == f"from node $a$ of layer {l - 1}"
        assert axes.get_ylabel() == f"to node $b$ of layer {l}"
        assert [tick.get_text() for tick in axes.get_xticklabels()][:2] == ["0\n(bias)", "1"]
        assert [tick.get_text() for tick in axes.get_yticklabels()] == [str(b) for b in range(1, len(W) + 1)]
        assert list(axes.lines[0].get_xdata()) == [0.5, 0.5], "a line marks off the bias"
        texts = {text.get_position(): text.get_text() for text in axes.texts}
        assert len(texts) == W.size
        assert texts[(2, 1)] == f"{W[0, 2]:.2g}".replace("-", "−")
    (bar,) = [axes for axes in figure.axes if not axes.images]
    assert bar.get_ylabel() == "weight $w_{b,a}^{(l)}$"


def test_the_scale_is_symmetric_and_shared_or_not():
    net = MLP(2, [3, 1], weights=[np.full((3, 3), 0.5), np.full((1, 4), -2.0)])
    assert [image.get_clim() for image in images_of(plot_weights(net))] == [(-2.0, 2.0)] * 2
    own = plot_weights(net, same_scale=False)
    assert [image.get_clim() for image in images_of(own)] == [(-0.5, 0.5), (-2.0, 2.0)]
    assert [len(axes.child_axes) for axes in own.axes] == [1, 1], "each has a colour bar"
    zero = MLP(2, [1], weights=[np.zeros((1, 3))])
    assert images_of(plot_weights(zero))[0].get_clim() == (-1.0, 1.0)


def test_numbers_are_readable_on_their_colours():
    net = MLP(2, [1], weights=[[[1.0, -1.0, 0.1]]])
    figure = plot_weights(net)
    image = images_of(figure)[0]
    for text, number in zip(image.axes.texts, net.weights[0][0], strict=True):
        background, ink = (linear(c) @ [0.2126, 0.7152, 0.0722] for c in (image.to_rgba(number)[:3], text.get_color()))
        contrast = (max(background, ink) + 0.05) / (min(background, ink) + 0.05)
        assert contrast > 4.5, "WCAG 2.1, level AA"


def test_large_matrices_have_few_ticks_and_no_numbers():
    figure = plot_weights(MLP(64, [16, 10], seed=0))
    figure.canvas.draw()
    for image in images_of(figure):
        assert len(image.axes.texts) == 0
        assert len(image.axes.get_xticks()) <= 13
        assert len(image.axes.get_yticks()) <= 13
        assert image.axes.get_xticks()[0] == 0
        assert image.axes.get_yticks()[0] == 1
    assert images_of(figure)[0].axes.get_xticks().tolist() == [0, 10, 20, 30, 40, 50, 60]


def test_axes_can_be_given_one_for_each_layer():
    given = Figure().subplots(2)
    figure = plot_weights(MLP(2, [3, 1], seed=0), given)
    assert figure is given[0].figure
    assert all(len(axes.images) == 1 for axes in given)
    assert plot_weights(MLP(2, [1], seed=0), Figure().subplots()).axes[0].images
    with pytest.raises(ValueError, match="ax must be 2 Axes, one for each layer; received 1"):
        plot_weights(MLP(2, [3, 1], seed=0), Figure().subplots())
    assert plt.get_fignums() == []


def test_gradients_are_the_mean_over_the_examples_and_the_network_keeps_its_own():
    net = MLP(2, [3, 1], seed=0)
    squared_error(net([1.0, 2.0]), 0.5).backward()
    before = net.gradients
    figure = plot_gradients(net, X, Y)
    expected = back_propagation_over_data(net.weights, X, Y).G
    for image, G in zip(images_of(figure), expected.values(), strict=True):
        assert np.allclose(image.get_array(), G / len(X), rtol=1e-12)
    assert images_of(figure)[1].axes.get_title() == "$G^{(2)}$"
    assert all((a == b).all() for a, b in zip(before, net.gradients, strict=True))
    for image, G in zip(images_of(plot_gradients(net)), before, strict=True):
        assert np.array_equal(image.get_array(), G)


def test_gradients_of_other_losses_and_classes():
    net = MLP(2, [3], output_activation="linear", seed=0)
    figure = plot_gradients(net, X, [0, 1, 2] * 4, loss="softmax_cross_entropy")
    assert images_of(figure)[0].get_array().sum(axis=0).tolist() == pytest.approx([0, 0, 0], abs=1e-12)
    with pytest.raises(ValueError, match="X and y must be given together"):
        plot_gradients(net, X)


# Restarts


def test_each_start_has_its_curve_and_its_error_and_the_best_is_marked(ax):
    result = random_restarts(MLP(2, [2, 1]), X, Y, 4, optimizer=Adam(0.1), batch_size=3, stop=MaximumIterations(15))
    assert plot_restarts(result, ax) is ax
    drawn(ax)
    curves = [line for line in ax.lines if len(line.get_xdata()) == 15]
    others = [start for start in result.starts if start is not result.best]
    assert [data(line)[1] for line in curves] == [start.history.error for start in [*others, result.best]]
    assert data(with_label(ax, "at termination")) == [[15.0] * 3, [start.error for start in others]]
    star = with_label(ax, f"its training error, {result.best.error:.3g}")
    assert data(star) == [[15.0], [result.best.error]]
    best = with_label(ax, f"start {result.best.number}, the best")
    assert best.get_linewidth() > 2 * curves[0].get_linewidth()
    assert len({colors.to_hex(line.get_color()) for line in curves[:-1]}) == 1
    assert best.get_color() != curves[0].get_color()
    assert legend_of(ax)[0] == "the other 3 starts"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration $t$", "mean error per example")
    assert plot_restarts(result, Figure().subplots(), log=True).get_yscale() == "log"


@pytest.mark.parametrize(("starts", "first"), [(1, "start 1, the best"), (2, "the other start")])
def test_one_and_two_starts(ax, starts, first):
    result = random_restarts(MLP(2, [1]), X, Y, starts, stop=MaximumIterations(3))
    assert legend_of(plot_restarts(result, ax))[0] == first


def test_descents_from_many_points_and_the_lowest_end(ax):
    paths = [descend(ROSENBROCK, start, Adam(0.1), 20) for start in random_points(ROSENBROCK, 5)]
    assert plot_surface_restarts(ROSENBROCK, paths, ax) is ax
    for line, path in zip(path_lines(drawn(ax)), paths, strict=True):
        assert np.array_equal(np.transpose(line.get_data()), path)
    assert {tuple(start) for start in np.transpose(with_label(ax, "start").get_data())} == {tuple(p[0]) for p in paths}
    assert np.array_equal(np.transpose(with_label(ax, "end").get_data()), [path[-1] for path in paths])
    heights = [ROSENBROCK(*path[-1].tolist()) for path in paths]
    lowest = with_label(ax, f"lowest end, $f$ = {min(heights):.3g}")
    assert np.array_equal(np.transpose(lowest.get_data()), [paths[int(np.argmin(heights))][-1]])
    with pytest.raises(ValueError, match=r"paths\[1\] must be points"):
        plot_surface_restarts(ROSENBROCK, [[(0, 0)], [0, 0]], ax)
    with pytest.raises(ValueError, match="paths must include at least one with a finite end"):
        plot_surface_restarts(ROSENBROCK, [[(np.nan, np.nan)]], ax)


# Any numbers


def test_curves_are_the_numbers_and_differ_in_colour_and_marker(ax):
    curves = {"a": [3.0, None, 1.0], "_b": np.array([1.0, 2.0, 3.0])}
    assert plot_curves(curves, ax, x=[0.1, 1, 10], xscale="log", ylabel="error") is ax
    assert [data(line) for line in drawn(ax).lines] == [[[0.1, 10], [3, 1]], [[0.1, 1, 10], [1, 2, 3]]]
    assert len({line.get_color() for line in ax.lines}) == len({line.get_marker() for line in ax.lines}) == 2
    assert legend_of(ax) == ["a", " _b"]
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "error")


def test_curves_without_x_count_from_0_and_their_markers_are_apart(ax):
    plot_curves(dict.fromkeys("abcd", range(80)), ax)
    assert [data(line)[0] for line in ax.lines] == [list(range(80))] * 4
    assert [line.get_markevery() for line in ax.lines] == [(0, 10), (2, 10), (5, 10), (7, 10)]


def test_groups_of_points_have_markers_and_no_lines(ax):
    plot_points({"many": X, "mean": [X.mean(axis=0)]}, ax, xlabel="$x_1$")
    many, mean = drawn(ax).lines[:2]
    assert np.array_equal(np.transpose(many.get_data()), X)
    assert np.array_equal(np.transpose(mean.get_data()), [X.mean(axis=0)])
    assert {many.get_linestyle(), mean.get_linestyle()} == {"None"}
    assert mean.get_markersize() > many.get_markersize()
    assert (many.get_color(), many.get_marker()) != (mean.get_color(), mean.get_marker())
    assert (legend_of(ax), ax.get_xlabel()) == (["many", "mean"], "$x_1$")


@pytest.mark.parametrize(
    ("plot", "arguments", "message"),
    [
        (plot_curves, {"curves": {}}, "curves must be a mapping of names with at least one entry"),
        (plot_curves, {"curves": [1, 2]}, "curves must be a mapping of names with at least one entry"),
        (plot_curves, {"curves": {"a": 1}}, r"curves\['a'\] must be numbers in one dimension, .* received shape \(\)"),
        (plot_curves, {"curves": {"a": []}}, r"curves\['a'\] must be numbers in one dimension"),
        (plot_curves, {"curves": {"a": ["b"]}}, r"curves\['a'\] must be real numbers"),
        (plot_curves, {"curves": {"a": [1, 2]}, "x": [1]}, r"x must have 2 numbers, as curves\['a'\] has; received 1"),
        (plot_points, {"groups": {}}, "groups must be a mapping of names with at least one entry"),
        (plot_points, {"groups": {"a": [1, 2]}}, r"groups\['a'\] must be points"),
        (panels, {"titles": []}, "titles must be one or more, all different"),
        (panels, {"titles": "aba"}, "titles must be one or more, all different"),
        (panels, {"titles": "ab", "across": 0}, "across must be an integer of at least 1"),
    ],
)
def test_a_wrong_argument_of_plots_of_any_numbers_is_named(plot, arguments, message):
    with pytest.raises(TypeError if "real numbers" in message else ValueError, match=message):
        plot(**arguments)


@pytest.mark.parametrize(("across", "rows"), [(2, [2, 1]), (3, [3]), (5, [3]), (1, [1, 1, 1])])
def test_panels_stand_in_rows(across, rows):
    axes = panels(["a", "$b", "c"], across, size=(4, 3))
    figure = drawn(axes["a"]).figure
    assert [ax.get_title() for ax in axes.values()] == ["a", r"\$b", "c"]
    assert figure.axes == list(axes.values()), "no empty panel is left"
    heights = [round(ax.get_position().y0, 3) for ax in axes.values()]
    assert [heights.count(height) for height in dict.fromkeys(heights)] == rows
    assert figure.get_size_inches().tolist() == [4 * max(rows), 3 * len(rows)]


@pytest.mark.parametrize("same_scale", [True, False])
def test_panels_share_their_scales_or_not(same_scale):
    a, b = panels("ab", same_scale=same_scale).values()
    plot_curves({"c": [0, 1]}, a)
    plot_curves({"c": [0, 9, 9, 9]}, b, xlabel="$x$", ylabel="$y$")
    assert (a.get_xlim() == b.get_xlim()) == (a.get_ylim() == b.get_ylim()) == same_scale
    check_texts(a.figure)
    assert len(b.get_yticklabels()) > 2, "each panel has its numbers"


# matplotlib itself


def test_without_axes_there_is_a_figure_of_pyplot():
    for number, plot in enumerate(
        [
            lambda: plot_learning_curves(trained()[1]),
            lambda: plot_decision_boundary(trained()[0], X, Y),
            lambda: plot_paths(TWO_VALLEYS, PATHS),
        ],
        start=1,
    ):
        axes = plot()
        assert plt.get_fignums() == list(range(1, number + 1))
        assert plt.gcf() is axes.figure


def test_matplotlib_is_loaded_late_and_its_absence_names_the_extra():
    code = (
        "import sys, nn.plots; assert 'matplotlib' not in sys.modules\n"
        "sys.modules['matplotlib'] = None\n"
        "from nn.mlp import MLP\n"
        "try: nn.plots.plot_weights(MLP(2, [1]))\n"
        "except ImportError as error: print(error)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.startswith("pictures need the package matplotlib")
    assert "pip install 'autograd-lite[lab]'" in printed
    assert len(printed.splitlines()) == 1


# Every text is inside its figure, and none is on another


def boxes_of_texts(figure):
    """Each text that the figure shows, with its box in pixels."""
    figure.figure.draw_without_rendering()
    outside = set()
    for axes in figure.findobj(mpl.axes.Axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    outside |= {tick.label1, tick.label2}
    texts = [text for text in figure.findobj(mpl.text.Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent()) for text in texts if text not in outside]


def check_texts(figure):
    boxes = boxes_of_texts(figure)
    assert len(boxes) > 4
    for text, box in boxes:
        assert figure.bbox.x0 - 1 < box.x0 <= box.x1 < figure.bbox.x1 + 1, f"{text} leaves the figure"
        assert figure.bbox.y0 - 1 < box.y0 <= box.y1 < figure.bbox.y1 + 1, f"{text} leaves the figure"
    for (first, box), (second, other) in itertools.combinations(boxes, 2):
        wide = min(box.x1, other.x1) - max(box.x0, other.x0)
        high = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert min(wide, high) < 1, f"{first} is on {second}"


@pytest.mark.parametrize("widths", [[1], [1, 13, 1], [8] * 4, [2] * 10, [64, 32, 10]], ids=str)
def test_no_text_of_matrices_with_a_scale_of_their_own_is_cut_off_or_on_another(widths):
    check_matrices(widths, same_scale=False, font_size=15)


@pytest.mark.parametrize("widths", [[40], [1] * 3, [3, 1], [2, 19, 2], [5, 3, 3, 3, 1], [2] * 10, [4, 9] * 3], ids=str)
def test_no_text_of_matrices_with_one_scale_is_cut_off_or_on_another(widths):
    check_matrices(widths, same_scale=True, font_size=7)


def check_matrices(widths, same_scale, font_size):
    net = MLP(2, widths, seed=0)
    net.weights = [W * 10.0 ** (-4 * l) for l, W in enumerate(net.weights)]  # long numbers, as where gradients vanish
    with mpl.rc_context({"font.size": font_size}):
        figure = plot_weights(net, same_scale=same_scale)
        check_texts(figure)
    assert figure.get_figwidth() <= 1.62 * font_size, "deep networks are in several rows"


@pytest.mark.parametrize(("size", "numbers"), [((16, 6), [9, 20, 6]), ((16, 3), [9, 20, 6]), ((9, 6), [9, 20, 0])])
def test_matrices_on_given_axes_have_numbers_where_they_fit(size, numbers):
    figure, axes = plt.subplots(1, 3, figsize=size)
    plot_weights(MLP(2, [3, 5, 1], weights=[np.full((3, 3), 0.5), np.full((5, 4), -2), np.full((1, 6), -1e-105)]), axes)
    check_texts(figure)
    assert [len(place.texts) for place in axes] == numbers


LONG = [f"an optimizer with a long name, number {number}" for number in range(5)]
PLANE = Surface("A plane", lambda x, y: x + y, ((-6, 6), (-1, 1)))


@pytest.mark.parametrize("names", [list("abcdefghi"), LONG], ids=["many", "long"])
@pytest.mark.parametrize(
    ("surface", "size"),
    [
        (TWO_VALLEYS, (3.5, 3.5)),
        (TWO_VALLEYS, None),
        (ROSENBROCK, (7.8, 5.6)),
        (ROSENBROCK, (8, 3)),
        (PLANE, (3.5, 3.5)),
    ],
    ids=lambda given: getattr(given, "name", given),
)
def test_no_text_of_paths_is_cut_off_or_on_another(surface, names, size):
    ax = None if size is None else plt.subplots(figsize=size)[1]
    paths = {name: [(0, 0), (1, 1)] for name in names}
    check_texts(plot_paths(surface, paths, ax).figure)
    if size is not None:
        animation = animate_paths(surface, paths, plt.subplots(figsize=size)[1])
        animation._init_draw()
        check_texts(animation._fig)


def test_no_text_of_other_plots_is_cut_off_or_on_another():
    history = trained()[1]
    for names in ("ab", LONG):
        check_texts(plot_learning_curves(dict.fromkeys(names, history)).figure)
        check_texts(plot_learning_curves(dict.fromkeys(names, history), plt.subplots()[1], log=True).figure)
        check_texts(plot_curves(dict.fromkeys(names, history.error), xlabel="$t$", ylabel="error").figure)
        check_texts(plot_points(dict.fromkeys(names, X), xlabel="$x$", ylabel="$y$").figure)
    check_texts(plot_decision_boundary(trained()[0], X, Y).figure)
    check_texts(plot_gradients(trained()[0], X, Y))
    check_texts(plot_surface_restarts(ROSENBROCK, [PATHS["heavy ball"]], plt.subplots()[1]).figure)


@pytest.mark.parametrize("plot", [partial(plot_paths, TWO_VALLEYS, PATHS), partial(plot_weights, MLP(2, [3], seed=0))])
@pytest.mark.parametrize("parts", [1, 2])
def test_no_text_of_a_part_of_a_figure_is_cut_off_or_on_another(plot, parts):
    figure = plt.figure(figsize=(13, 5))
    for part in figure.subfigures(1, 2)[:parts]:
        plot(ax=part.subplots())
    check_texts(figure)


def test_a_layout_of_the_figure_is_left_alone():
    figure, ax = plt.subplots(layout="tight")
    engine = figure.get_layout_engine()
    plot_paths(TWO_VALLEYS, PATHS, ax)
    assert figure.get_layout_engine() is engine
    free = plt.figure().add_axes((0.1, 0.4, 0.7, 0.5))
    plot_paths(TWO_VALLEYS, PATHS, free)
    assert free.figure.get_layout_engine() is None, "constrained layout warns of Axes that are in no grid"
    check_texts(free.figure)


@pytest.mark.parametrize("data", [(X, Y), (None, None)], ids=["boundary", "curve alone"])
def test_a_live_plot_draws_while_the_network_trains(tmp_path, data):
    live = live_plot(*data, every=4)
    fit(MLP(2, [3, 1], seed=0), X, Y, stop=MaximumIterations(9), callbacks=[live])
    assert len(live.pictures) == 3  # after 1, 4 and 8 iterations
    assert len(set(live.pictures)) == 3
    assert plt.get_fignums() == []
    with pytest.importorskip("PIL.Image").open(live.save(tmp_path / "training.gif", interval=50)) as image:
        assert (image.format, image.n_frames, image.info["duration"]) == ("GIF", 3, 50)
        assert (image.width > 700) == (data[0] is not None)


def test_a_live_plot_replaces_its_picture_in_a_notebook(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda picture: shown.append(("update", picture)))
    display = SimpleNamespace(
        Image=lambda data: data, display=lambda picture, display_id: shown.append(("display", picture)) or handle
    )
    shell = SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
    live = live_plot(every=4)
    fit(MLP(2, [3, 1], seed=0), X, Y, stop=MaximumIterations(9), callbacks=[live])
    assert shown == [*zip(["display", "update", "update"], live.pictures, strict=True)]


def test_wrong_arguments_of_a_live_plot(tmp_path):
    with pytest.raises(ValueError, match="every must be an integer of at least 1"):
        live_plot(every=0)
    with pytest.raises(ValueError, match="X and y must be given together"):
        live_plot(X)
    with pytest.raises(ValueError, match=r"path must end in \.gif; received"):
        live_plot().save(tmp_path / "training.mp4")
    with pytest.raises(ValueError, match="there is nothing to save yet"):
        live_plot().save(tmp_path / "training.gif")
