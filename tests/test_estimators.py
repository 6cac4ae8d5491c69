"""nn.estimators: scikit-learn's own checks, convex problems that have one answer, and scikit-learn's networks."""

import math
import pickle
import subprocess
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nn.data_sets import load_iris, moons, standardize, train_test_split, xor
from nn.estimators import NetworkClassifier, NetworkRegressor
from nn.mlp import MLP
from nn.training.loop import fit
from nn.training.optimizers import Adam, GradientDescent, Momentum
from nn.training.regularization import L2, Dropout
from nn.training.schedules import StepDecay
from nn.training.termination import MaximumIterations, SmallGradient, SmallImprovement, ValidationRising

SMALL = {"hidden": (4,), "batch_size": 10, "max_iter": 5}
"""Enough for scikit-learn's checks, which ask of some fits that they have learnt."""


@parametrize_with_checks([NetworkClassifier(**SMALL), NetworkRegressor(**SMALL)])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


# Convex problems: with no hidden layer there is one best network, which scikit-learn's linear models find exactly

CONVEX = {"hidden": (), "batch_size": None, "max_iter": 3000, "stop": SmallGradient(1e-6), "random_state": 0}


@pytest.mark.parametrize("classes", [2, 3])
def test_without_a_hidden_layer_it_is_logistic_regression(classes):
    X, y = load_iris()
    X, y = standardize(X[y < classes][::6]), y[y < classes][::6]
    strength = 0.05
    ours = NetworkClassifier(optimizer=Momentum(0.3), regularization=L2(strength, bias=False), **CONVEX).fit(X, y)
    theirs = LogisticRegression(C=1 / (2 * strength * len(X)), tol=1e-8, max_iter=1000).fit(X, y)
    assert ours.history_.ended.startswith("the norm of the gradient")
    assert ours.net_.weights[0][:, 1:] == pytest.approx(theirs.coef_, abs=1e-4)
    outputs, expected = ours.decision_function(X), theirs.decision_function(X)
    if classes == 3:  # a number added to the bias of every class changes no probability
        outputs, expected = (o - o.mean(axis=1, keepdims=True) for o in (outputs, expected))
    assert outputs == pytest.approx(expected, abs=1e-3)
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-4)
    assert (ours.predict(X) == theirs.predict(X)).all()
    penalty = strength * np.sum(theirs.coef_**2)
    assert ours.loss_ == pytest.approx(log_loss(y, theirs.predict_proba(X)) + penalty, abs=1e-6)


@pytest.mark.parametrize("outputs", [1, 2])
def test_without_a_hidden_layer_it_is_ridge_regression(outputs):
    X, y = load_diabetes(return_X_y=True)
    X, y = standardize(X[:40]), y[:40]
    if outputs == 2:
        y = np.column_stack([y, 0.001 * X[:, 2] ** 2])
    strength = 0.05
    ours = NetworkRegressor(optimizer=Momentum(0.1), regularization=L2(strength, bias=False), **CONVEX).fit(X, y)
    theirs = Ridge(alpha=strength * len(X)).fit(X, y)
    scale = y.std(axis=0)
    assert ours.predict(X) / scale == pytest.approx(theirs.predict(X) / scale, abs=1e-5)
    weights = ours.net_.weights[0][:, 1:].reshape(theirs.coef_.shape)
    assert pytest.approx((theirs.coef_.T / scale).T, abs=1e-5) == (weights.T / scale).T
    errors = ((ours.predict(X) - y) / scale) ** 2
    penalty = strength * np.sum((weights.T / scale) ** 2)
    assert ours.loss_ == pytest.approx(errors.reshape(40, -1).sum(axis=1).mean() + penalty, rel=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-5)


# As good as scikit-learn's networks of the same shape, on the same examples


def scikit_learns(hidden):
    return MLPClassifier(hidden, "tanh", learning_rate_init=0.01, batch_size=16, max_iter=2000, random_state=0)


def test_on_iris_it_is_as_accurate_as_scikit_learns_network():
    """Each flower is held out once."""
    X, y = load_iris()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    ours = make_pipeline(StandardScaler(), NetworkClassifier((4,), random_state=0))
    accuracy, reference = (
        cross_val_score(pipeline, X, y, cv=folds).mean()
        for pipeline in (ours, make_pipeline(StandardScaler(), scikit_learns((4,))))
    )
    assert reference > 0.94
    assert accuracy == pytest.approx(reference, abs=0.02)


def test_on_breast_cancer_it_is_as_accurate_as_scikit_learns_network():
    train, held_out = train_test_split(*load_breast_cancer(return_X_y=True))
    ours = make_pipeline(StandardScaler(), NetworkClassifier((4,), max_iter=25, random_state=0)).fit(*train)
    reference = make_pipeline(StandardScaler(), scikit_learns((4,))).fit(*train).score(*held_out)
    assert reference > 0.94
    assert ours.score(*held_out) == pytest.approx(reference, abs=0.02)


def test_on_digits_it_is_as_accurate_as_scikit_learns_network():
    X, y = load_digits(return_X_y=True)
    train, held_out = train_test_split(X / 16, y, held_out=0.75)
    ours = NetworkClassifier((10,), optimizer=Adam(0.02), batch_size=10, max_iter=6, random_state=0).fit(*train)
    theirs = MLPClassifier((10,), "tanh", learning_rate_init=0.02, batch_size=10, max_iter=6, random_state=0, alpha=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reference = theirs.fit(*train).score(*held_out)
    assert reference > 0.89
    assert ours.score(*held_out) == pytest.approx(reference, abs=0.02)


def test_on_a_curve_it_is_as_good_as_scikit_learns_network():
    generator = np.random.default_rng(0)
    X = generator.uniform(-2, 2, size=(120, 1))
    y = np.sin(2 * X[:, 0]) + generator.normal(scale=0.1, size=120)
    train, held_out = train_test_split(X, y)
    ours = NetworkRegressor((8,), learning_rate=0.03, max_iter=100, random_state=0).fit(*train)
    reference = MLPRegressor(
        hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", max_iter=2000, random_state=0
    ).fit(*train)
    assert reference.score(*held_out) > 0.95
    assert ours.score(*held_out) == pytest.approx(reference.score(*held_out), abs=0.02)


def test_it_tells_the_moons_apart():
    X, y = moons(60, noise=0.05)
    classifier = NetworkClassifier((6, 6), learning_rate=0.1, batch_size=8, max_iter=60, random_state=0).fit(X, y)
    assert classifier.score(X, y) == 1.0


# In scikit-learn's house


def test_grid_search_goes_over_the_shape_the_rate_and_the_optimizer():
    pipeline = make_pipeline(StandardScaler(), NetworkClassifier(batch_size=8, max_iter=30, random_state=0))
    grid = {
        "networkclassifier__hidden": [(), (4,)],
        "networkclassifier__learning_rate": [1e-6, 0.1],
        "networkclassifier__optimizer": [None, Momentum(0.1)],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(*xor(60))
    assert len(search.cv_results_["params"]) == 8
    assert search.best_params_["networkclassifier__hidden"] == (4,), "no line does exclusive or"
    assert search.best_params_["networkclassifier__learning_rate"] == 0.1
    assert search.best_score_ == 1.0


def test_a_search_in_other_processes_finds_the_same():
    X, y = xor(40)
    scores = [cross_val_score(NetworkClassifier(**SMALL, random_state=0), X, y, cv=2, n_jobs=n) for n in (None, 2)]
    assert (scores[0] == scores[1]).all()


def test_the_arguments_of_what_an_estimator_is_made_of_are_parameters_too():
    classifier = NetworkClassifier(optimizer=Momentum(StepDecay(0.2, 0.5, every=4)), dropout=Dropout(0.5))
    params = classifier.get_params()
    assert {name: value for name, value in params.items() if "__" in name and "learning" not in name} == {
        "optimizer__beta": 0.9, "dropout__rate": 0.5, "dropout__scale": True, "dropout__input_rate": 0.0
    }  # fmt: skip
    assert params["optimizer__learning_rate__factor"] == 0.5
    assert classifier.get_params(deep=False) == {name: params[name] for name in params if "__" not in name}
    optimizer = classifier.optimizer
    twin = clone(classifier).set_params(optimizer__learning_rate__factor=0.25, dropout__scale=False, optimizer__beta=0)
    assert twin.optimizer.learning_rate == StepDecay(0.2, 0.25, every=4)
    assert (twin.optimizer.beta, twin.dropout) == (0, Dropout(0.5, scale=False))
    assert (optimizer.beta, optimizer.learning_rate, classifier.dropout.scale) == (0.9, StepDecay(0.2, 0.5, 4), True)
    assert NetworkRegressor().set_params(optimizer__learning_rate=0.5).optimizer.learning_rate == 0.5, "of Adam"
    assert NetworkRegressor().set_params(optimizer__beta=0.5, optimizer=Momentum(0.1)).optimizer.beta == 0.5
    for wrong in ("optimizer__beta", "optimizer__learning_rate__factor", "dropout__rate", "hidden__0", "sigma__x"):
        with pytest.raises(ValueError, match=f"^{wrong} must be a parameter"):
            NetworkClassifier().set_params(**{wrong: 1})
    with pytest.raises(ValueError, match=r"^learning_rate must be"):
        NetworkClassifier().set_params(optimizer__learning_rate=-1)


def test_a_search_over_the_learning_rate_of_the_optimizer():
    X, y = xor(60)
    grid = {"optimizer__learning_rate": [1e-6, 0.1], "optimizer__beta": [0.5]}
    tried = NetworkClassifier((4,), optimizer=Momentum(0.3), batch_size=8, max_iter=30, random_state=0)
    search = GridSearchCV(tried, grid, cv=2).fit(X, y)
    assert search.best_params_ == {"optimizer__learning_rate": 0.1, "optimizer__beta": 0.5}
    same = NetworkClassifier((4,), optimizer=Momentum(0.1, 0.5), batch_size=8, max_iter=30, random_state=0).fit(X, y)
    assert weights_of(search.best_estimator_) == weights_of(same)
    assert tried.optimizer.learning_rate == 0.3


@pytest.mark.parametrize(("batch_size", "sizes"), [(16, [16, 16, 16, 2]), (None, [50]), (50, [50]), (100, [50])])
def test_the_loss_curve_is_the_mean_loss_of_each_epoch(batch_size, sizes):
    X, y = xor(50)
    classifier = NetworkClassifier((3,), batch_size=batch_size, max_iter=3, regularization=0.01, random_state=0).fit(
        X, y
    )
    losses = iter(classifier.history_.loss)
    expected = [sum(size * next(losses) for size in sizes) / 50 for _ in range(3)]
    assert classifier.loss_curve_ == pytest.approx(expected, rel=1e-12)
    stopped = NetworkClassifier((3,), max_iter=9, stop=MaximumIterations(6), random_state=0).fit(X, y)
    assert len(stopped.loss_curve_) == stopped.n_iter_ == 2
    assert stopped.loss_curve_[1] == pytest.approx(np.mean(stopped.history_.loss[4:])), "of what there is of it"


def test_the_names_of_the_inputs_are_remembered():
    pandas = pytest.importorskip("pandas")
    X, y = xor(20)
    table = pandas.DataFrame(X, columns=["left", "right"])
    classifier = NetworkClassifier(**SMALL).fit(table, y)
    assert classifier.feature_names_in_.tolist() == ["left", "right"]
    assert (classifier.predict_proba(table) == classifier.predict_proba(table[["left", "right"]])).all()
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(table[["right", "left"]])


def test_a_pickle_predicts_the_same_and_a_clone_has_forgotten():
    X, y = xor(20)
    classifier = NetworkClassifier(**SMALL, optimizer=Adam(0.1), dropout=Dropout(0.5)).fit(X, y)
    thawed = pickle.loads(pickle.dumps(classifier))
    assert (thawed.predict_proba(X) == classifier.predict_proba(X)).all()
    assert (thawed.net_([1.0, 2.0]).data, thawed.history_) == (classifier.net_([1.0, 2.0]).data, classifier.history_)
    with pytest.raises(NotFittedError):
        clone(classifier).predict(X)


# Classes and targets


@pytest.mark.parametrize("names", [["no", "yes"], [False, True], [7, 3], ["a", "b", "c"]])
def test_classes_have_any_names_and_are_in_order(names):
    X = np.random.default_rng(0).normal(size=(60, 2))
    numbers = np.arange(60) % len(names)
    X[:, 0] += 5 * numbers
    y = np.array(names)[numbers]
    classifier = NetworkClassifier(hidden=(4,), learning_rate=0.1, max_iter=20, random_state=0).fit(standardize(X), y)
    assert classifier.classes_.tolist() == sorted(names)
    assert (classifier.predict(standardize(X)) == y).mean() > 0.95
    probabilities = classifier.predict_proba(standardize(X))
    assert probabilities.shape == (60, len(names))
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-15)
    assert (classifier.classes_[probabilities.argmax(axis=1)] == classifier.predict(standardize(X))).all()
    outputs = classifier.decision_function(standardize(X))
    assert outputs.shape == ((60,) if len(names) == 2 else (60, 3))
    assert classifier.net_.sizes == [2, 4, 1 if len(names) == 2 else 3]
    assert classifier.net_.activations == ["tanh", "linear"]


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_of_large_outputs_neither_overflow_nor_lose_their_tails(classes):
    X = np.arange(12.0).reshape(-1, 1)
    classifier = NetworkClassifier(hidden=(), max_iter=1).fit(X, np.arange(12) % classes)
    classifier.net_.weights = [[[0.0, 1.0]] if classes == 2 else [[0.0, 0.0], [0.0, 1.0], [0.0, -1.0]]]
    far = [[745.0], [1e5], [-1e5]]
    logarithms = classifier.predict_log_proba(far)
    assert logarithms[0, :2].tolist() == [-745.0, 0.0]
    assert logarithms[1, :2].tolist() == [-1e5, 0.0]
    assert logarithms[2, :2].tolist() == ([0.0, -1e5] if classes == 2 else [-1e5, -2e5])
    probabilities = classifier.predict_proba(far)
    assert probabilities[0, 0] == pytest.approx(5e-324, rel=0.1)
    assert (probabilities.sum(axis=1) == 1.0).all()


def test_one_class_is_refused():
    with pytest.raises(ValueError, match=r"^y must have at least two classes; received 1 class, .*'only'"):
        NetworkClassifier().fit([[1.0], [2.0]], ["only", "only"])


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 2)])
def test_predictions_have_the_shape_of_the_targets(shape):
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.random.default_rng(1).normal(size=shape)
    assert NetworkRegressor(**SMALL).fit(X, y).predict(X).shape == shape


def test_the_network_of_a_regressor_predicts_in_the_unit_of_the_targets():
    X = np.random.default_rng(0).normal(size=(30, 2))
    Y = np.column_stack([1e6 + 1e3 * X[:, 0], 1e-6 * X[:, 1], np.full(30, 0.1)])
    regressor = NetworkRegressor(hidden=(6,), learning_rate=0.03, max_iter=100, random_state=0).fit(X, Y)
    predicted = regressor.predict(X)
    assert predicted[3] == pytest.approx([output.data for output in regressor.net_.outputs(X[3])], rel=1e-12)
    assert (np.abs(predicted - Y).max(axis=0) < [500, 5e-7, 0.2]).all(), "about half a deviation of each"


def test_another_unit_of_the_targets_changes_nothing_else():
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = X[:, 0] - X[:, 1] ** 2
    first, second = (NetworkRegressor(**SMALL, random_state=0).fit(X, target) for target in (y, 512 * y - 64))
    assert second.predict(X) == pytest.approx(512 * first.predict(X) - 64, rel=1e-9)
    assert second.loss_ == pytest.approx(first.loss_, rel=1e-9)


@pytest.mark.parametrize("power", [-1000, -500, 500, 1000])
def test_targets_of_any_size_are_learnt_to_the_bit(power):
    """A power of 2 is a unit that changes no bit of the training, nor of the predictions."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    Y = np.column_stack([X[:, 0] - X[:, 1] ** 2, np.full(30, 0.1)])
    first, second = (NetworkRegressor(**SMALL, random_state=0).fit(X, targets) for targets in (Y, np.ldexp(Y, power)))
    assert (second.predict(X) == np.ldexp(first.predict(X), power)).all()
    assert (second.loss_, second.loss_curve_) == (first.loss_, first.loss_curve_)
    assert second.score(X, np.ldexp(Y, power)) == first.score(X, Y)
    assert first.score(X, Y) == pytest.approx((exact_r2(Y[:, 0], first.predict(X)[:, 0]) + 1) / 2, rel=1e-12)
    weights = np.arange(30.0)
    expected = (r2_score(Y[:, 0], first.predict(X)[:, 0], sample_weight=weights) + 1) / 2
    assert first.score(X, Y.tolist(), sample_weight=weights) == pytest.approx(expected, rel=1e-12)
    assert first.score(X[:5], Y[:5] * 1e-200) == -math.inf


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-300, 1e-170, 1e200, 1e300])
def test_targets_of_any_size_are_learnt(size):
    X = np.linspace(-1, 1, 21).reshape(-1, 1)
    y = np.round(X[:, 0] * 8) * size
    regressor = NetworkRegressor((4,), learning_rate=0.1, batch_size=None, max_iter=300, random_state=0).fit(X, y)
    assert (np.abs(regressor.predict(X) - y) <= max(0.8 * size, 5 * 5e-324)).all()
    assert regressor.score(X, y) == pytest.approx(exact_r2(y, regressor.predict(X)), rel=1e-9)
    constant = NetworkRegressor(**SMALL).fit(X, np.full(21, size))
    assert (constant.predict(X) == size).all(), "a constant is exact"
    assert (constant.score(X, np.full(21, size)), constant.score(X, np.full(21, size * 2))) == (1.0, 0.0)


def exact_r2(y, predicted):
    """R^2 by fractions, which neither overflow nor round."""
    y, predicted = list(map(Fraction, y.tolist())), list(map(Fraction, predicted.tolist()))
    mean = sum(y) / len(y)
    rest = sum((t - p) ** 2 for t, p in zip(y, predicted, strict=True))
    return float(1 - rest / sum((t - mean) ** 2 for t in y))


def test_targets_whose_weights_would_be_infinite_are_refused():
    X = np.linspace(-1, 1, 21).reshape(-1, 1)
    with pytest.raises(ValueError, match=r"^y must be smaller"):
        NetworkRegressor((), learning_rate=0.1, max_iter=300, random_state=0).fit(X / 100, np.sign(X[:, 0]) * 1.7e308)


@pytest.mark.parametrize("argument", ["X", "y"])
@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_masked_entries_are_refused(kind, argument):
    data = dict(zip("Xy", xor(20), strict=True))
    data[argument] = np.ma.masked_less(data[argument], 0)
    with pytest.raises(ValueError, match=f"^{argument} must be an array without masked entries"):
        kind(**SMALL).fit(**data)
    if argument == "X":
        with pytest.raises(ValueError, match=r"^X must be an array without masked entries"):
            kind(**SMALL).fit(*xor(20)).predict(data["X"])


# What is passed on


def weights_of(estimator):
    return [W.tolist() for W in estimator.net_.weights]


def test_a_fit_trains_as_the_network_with_the_same_seed():
    X, y = xor(50)
    classifier = NetworkClassifier(hidden=(4, 3), random_state=3, max_iter=4).fit(X, y)
    net = MLP(2, [4, 3, 1], "tanh", "linear", seed=3)
    history = fit(
        net,
        X,
        y,
        loss="logistic_loss",
        optimizer=Adam(0.01),
        batch_size=16,
        shuffle=True,
        seed=3,
        stop=MaximumIterations(4 * 4),  # four batches in an epoch, the last of two examples
    )
    assert weights_of(classifier) == [W.tolist() for W in net.weights]
    assert (classifier.n_iter_, classifier.loss_) == (4, history.best_loss)
    assert classifier.history_.loss == history.loss


def test_every_option_is_passed_on():
    X, y = load_iris()
    X, y = standardize(X[::3]), y[::3]
    classifier = NetworkClassifier(
        hidden=5,
        activation="sigmoid",
        optimizer=Momentum(0.1),
        learning_rate=StepDecay(0.2, 0.5, 4),
        batch_size=8,
        max_iter=6,
        stop=SmallImprovement(1e-9, over=9),
        regularization=L2(0.001, bias=False),
        jitter=0.1,
        dropout=Dropout(0.2, scale=False),
        early_stopping=True,
        validation_fraction=0.2,
        patience=3,
        random_state=4,
    ).fit(X, y)
    net = MLP(4, [5, 3], "sigmoid", "linear", seed=4)
    train, validation = train_test_split(X, y, 0.2, seed=4)
    history = fit(
        net,
        *train,
        loss="softmax_cross_entropy",
        optimizer=Momentum(StepDecay(0.2, 0.5, 4)),
        batch_size=8,
        shuffle=True,
        regularization=L2(0.001, bias=False),
        jitter=0.1,
        dropout=Dropout(0.2, scale=False),
        validation=validation,
        stop=MaximumIterations(6 * 5) | SmallImprovement(1e-9, over=9) | ValidationRising(3),
        seed=4,
    )
    assert weights_of(classifier) == [W.tolist() for W in net.weights]
    assert classifier.history_.loss == history.loss
    assert classifier.history_.ended == history.ended


def test_numbers_stand_for_regularization_and_dropout():
    X, y = xor(30)
    numbers = NetworkClassifier(**SMALL, random_state=0, regularization=0.01, dropout=0.5).fit(X, y)
    objects = NetworkClassifier(**SMALL, random_state=0, regularization=L2(0.01), dropout=Dropout(0.5)).fit(X, y)
    neither = NetworkClassifier(**SMALL, random_state=0).fit(X, y)
    assert weights_of(numbers) == weights_of(objects) != weights_of(neither)
    inputs = NetworkClassifier(**SMALL, random_state=0, dropout=Dropout(0.0, input_rate=0.5)).fit(X, y)
    assert weights_of(inputs) != weights_of(neither), "dropout of the inputs alone"


def test_all_data_at_once_are_averaged_too():
    X, y = xor(30)
    options = {"hidden": (3,), "optimizer": GradientDescent(0.1), "batch_size": None, "max_iter": 7, "random_state": 0}
    once = NetworkClassifier(**options).fit(X, y)
    twice = NetworkClassifier(**options).fit(np.concatenate([X, X]), np.concatenate([y, y]))
    assert (once.n_iter_, once.history_.iterations) == (7, 7)
    for ours, theirs in zip(once.net_.weights, twice.net_.weights, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9)


def test_the_optimizer_is_neither_changed_nor_shared():
    optimizer = Momentum(0.1)
    classifier = NetworkClassifier(**SMALL, optimizer=optimizer, learning_rate=0.2, random_state=0)
    first = weights_of(classifier.fit(*xor(20)))
    assert (optimizer.learning_rate, optimizer.iteration, classifier.optimizer) == (0.1, 0, optimizer)
    assert weights_of(classifier.fit(*xor(20))) == first


def test_early_stopping_ends_the_training_and_keeps_the_best_weights():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(60, 2)), generator.integers(2, size=60)  # nothing to learn
    classifier = NetworkClassifier(
        hidden=(8,), learning_rate=0.1, max_iter=500, stop=SmallGradient(1e-9), early_stopping=True,
        validation_fraction=0.25, patience=4, random_state=0,
    ).fit(X, y)  # fmt: skip
    history = classifier.history_
    assert "the validation error has not improved" in history.ended
    epochs = [loss for loss in history.validation_loss if loss is not None]
    assert len(epochs) < 100
    assert epochs.index(min(epochs)) <= len(epochs) - 5
    assert classifier.n_iter_ < 100
    _, (held_out, classes) = train_test_split(X, y, 0.25, seed=0)
    assert classifier.loss_ == min(epochs)
    assert classifier.loss_ == pytest.approx(log_loss(classes, classifier.predict_proba(held_out)))


def test_the_early_stopping_of_a_regressor_holds_out_scaled_targets():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(40, 2)), 1000 * generator.normal(size=40)
    regressor = NetworkRegressor(**SMALL, early_stopping=True, validation_fraction=0.25, random_state=1).fit(X, y)
    _, (held_out, targets) = train_test_split(X, y, 0.25, seed=1)
    errors = ((regressor.predict(held_out) - targets) / y.std()) ** 2
    assert regressor.loss_ == pytest.approx(errors.mean())


# Random numbers


def test_the_same_random_state_has_the_same_bits():
    X, y = xor(30)

    def run(random_state):
        return weights_of(NetworkClassifier(**SMALL, jitter=0.1, dropout=0.5, random_state=random_state).fit(X, y))

    assert run(5) == run(5) == run(np.int64(5))
    assert run(5) != run(6)
    assert run(np.random.RandomState(5)) == run(np.random.RandomState(5))
    state = np.random.RandomState(5)
    assert run(state) != run(state), "the generator goes on"


def test_without_a_random_state_the_numbers_are_fresh_and_not_from_the_global_generator():
    X, y = xor(30)
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    runs = [weights_of(NetworkClassifier(**SMALL).fit(X, y)) for _ in range(2)]
    assert runs[0] != runs[1]
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002


# Bad arguments


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("hidden", "10", TypeError),
        ("hidden", 2.5, TypeError),
        ("hidden", (4, 0), ValueError),
        ("hidden", (4.0,), TypeError),
        ("hidden", -1, ValueError),
        ("activation", "tan", ValueError),
        ("optimizer", "adam", TypeError),
        ("learning_rate", 0, ValueError),
        ("learning_rate", float("nan"), ValueError),
        ("batch_size", 0, ValueError),
        ("batch_size", 2.5, TypeError),
        ("max_iter", 0, ValueError),
        ("max_iter", 10.0, TypeError),
        ("stop", "never", TypeError),
        ("regularization", -1.0, ValueError),
        ("regularization", "l2", TypeError),
        ("jitter", -0.1, ValueError),
        ("dropout", 1.0, ValueError),
        ("validation_fraction", 1.0, ValueError),
        ("patience", 0, ValueError),
        ("progress", "yes", TypeError),
        ("random_state", -1, ValueError),
        ("random_state", "zero", TypeError),
        ("random_state", np.random, TypeError),
    ],
)
@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_a_bad_argument_is_named_before_training_starts(kind, argument, value, error):
    estimator = kind(early_stopping=True).set_params(**{argument: value})
    with pytest.raises(error, match=rf"^{argument}(\[\d\])? must"):
        estimator.fit(*xor(20))
    assert not hasattr(estimator, "history_")


def test_a_batch_larger_than_the_data_takes_all_of_them():
    X, y = xor(10)
    large, whole = (NetworkClassifier(batch_size=size, max_iter=3, random_state=0).fit(X, y) for size in (1000, 10))
    assert weights_of(large) == weights_of(whole)


# Without scikit-learn


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_without_scikit_learn_one_sentence_names_the_extra():
    result = python("import sys; sys.modules['sklearn'] = None; import nn, nn.data_sets; import nn.estimators")
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: nn.estimators needs scikit-learn, 1.6 or later")
    assert last.endswith("pip install 'autograd-lite[lab]'")


def test_nothing_else_loads_scikit_learn():
    result = python("import sys, nn, nn.data_sets, nn.demo, nn.training.loop; print('sklearn' in sys.modules)")
    assert result.stdout.strip() == "False", result.stderr
