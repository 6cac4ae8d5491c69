"""scikit-learn's view of the network: a classifier and a regressor for its pipelines, cross-validation and grid search.

They need the extra `lab`; this is the only file that imports scikit-learn.

>>> from sklearn.model_selection import cross_val_score
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from nn.data_sets import load_iris
>>> classifier = NetworkClassifier(hidden=(3,), learning_rate=0.1, max_iter=10, random_state=0)
>>> scores = cross_val_score(make_pipeline(StandardScaler(), classifier), *load_iris(), cv=3)
>>> bool(scores.mean() > 0.85)
True
"""

import copy
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass, replace
from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nn.checks import FloatArray, as_integer, as_number, as_plain_array, is_sequence
from nn.data_sets import Scale, train_test_split
from nn.mlp import MLP
from nn.prediction import outputs_of
from nn.training.loop import fit
from nn.training.optimizers import Adam, Optimizer
from nn.training.regularization import L2, Dropout
from nn.training.schedules import Schedule, check_rate
from nn.training.termination import Criterion, MaximumIterations, ValidationRising

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.metrics import r2_score
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        f"nn.estimators needs scikit-learn, 1.6 or later ({error}): pip install 'autograd-lite[lab]'"
    ) from error


@dataclass(eq=False, repr=False)
class NetworkEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What the classifier and the regressor have in common: their parameters, and how the network is trained."""

    hidden: int | Sequence[int] = (10,)
    activation: str = "tanh"
    _: KW_ONLY
    optimizer: Optimizer | None = None
    learning_rate: float | Schedule | None = None
    batch_size: int | None = 16
    max_iter: int = 50
    stop: Criterion | None = None
    regularization: float | L2 = 0.0
    jitter: float = 0.0
    dropout: float | Dropout = 0.0
    early_stopping: bool = False
    validation_fraction: float = 0.1
    patience: int = 10
    progress: bool = False
    random_state: int | np.random.RandomState | None = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; if deep, also of what they are made of, as optimizer__learning_rate.

        >>> NetworkClassifier(dropout=Dropout(0.5)).get_params()["dropout__rate"]
        0.5
        """
        params: dict[str, Any] = super().get_params(deep=False)
        found = [(name, self._part(name)) for name in params] if deep else []
        while found:
            path, part = found.pop()
            if is_dataclass(part):
                inner = {f"{path}__{one.name}": getattr(part, one.name) for one in fields(part) if one.init}
                params |= inner
                found += inner.items()
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; one of the optimizer, as optimizer__learning_rate, makes a new optimizer.

        Raises:
            TypeError, ValueError: naming the parameter that is wrong.

        >>> NetworkClassifier().set_params(optimizer__learning_rate=0.1).optimizer
        Adam(learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-08)
        """
        super().set_params(**{name: value for name, value in params.items() if "__" not in name})
        for path in sorted(params.keys() - super().get_params(deep=False).keys()):
            if path not in (known := self.get_params()):
                raise ValueError(f"{path} must be a parameter, one of {', '.join(known)}")
            name, _, rest = path.partition("__")
            setattr(self, name, _replaced(self._part(name), rest, params[path]))
        return self

    def _part(self, name: str) -> Any:
        """Return a parameter; the default optimizer if it is None."""
        part = getattr(self, name)
        return Adam(0.01) if name == "optimizer" and part is None else part

    def _train(self, X: FloatArray, y: npt.NDArray[Any], outputs: int, loss: str) -> None:
        """Train a new network with this number of linear outputs."""
        widths, optimizer = [*self._hidden(), outputs], self._optimizer()
        max_iter = as_integer("max_iter", self.max_iter, least=1)
        if not isinstance(self.stop, Criterion | None):
            raise TypeError(
                f"stop must be a Criterion, for example SmallGradient(0.01), or None; received {self.stop!r}"
            )
        regularization, dropout = self.regularization, self.dropout
        if not isinstance(regularization, L2):
            regularization = L2(as_number("regularization", regularization, least=0))
        if not isinstance(dropout, Dropout):
            dropout = Dropout(as_number("dropout", dropout, least=0, below=1))
        seed, validation = self._seed(), None
        criteria = [] if self.stop is None else [self.stop]
        if self.early_stopping:
            as_number("validation_fraction", self.validation_fraction, above=0, below=1)
            criteria.append(ValidationRising(as_integer("patience", self.patience, least=1)))
            (X, y), validation = train_test_split(X, y, self.validation_fraction, seed)
        batch_size = self.batch_size
        if batch_size is not None:
            batch_size = min(as_integer("batch_size", batch_size, least=1), len(X))
        sizes = np.diff([*range(0, len(X), batch_size or len(X)), len(X)])  # of the batches of an epoch
        stop: Criterion = MaximumIterations(max_iter * len(sizes))
        for criterion in criteria:
            stop |= criterion
        self.net_ = MLP(X.shape[1], widths, self.activation, "linear", seed=seed)
        self.history_ = fit(
            self.net_,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            batch_size=batch_size,
            shuffle=True,
            average=True,
            regularization=regularization if regularization.strength else None,
            jitter=self.jitter,
            dropout=dropout if dropout.rate or dropout.input_rate else None,
            validation=validation,
            stop=stop,
            seed=seed,
            progress=self.progress,
        )
        self.loss_ = self.history_.best_loss
        losses = np.array(self.history_.loss)
        epochs = [losses[start : start + len(sizes)] for start in range(0, len(losses), len(sizes))]
        self.loss_curve_ = [float(np.average(epoch, weights=sizes[: len(epoch)])) for epoch in epochs]
        self.n_iter_ = len(epochs)

    def _hidden(self) -> list[int]:
        """Return the widths of the hidden layers."""
        hidden: Any = [self.hidden] if isinstance(self.hidden, Integral) else self.hidden
        if not is_sequence(hidden):
            raise TypeError(f"hidden must be integers, the widths of the hidden layers; received {hidden!r}")
        return [as_integer(f"hidden[{l}]", width, least=1) for l, width in enumerate(hidden)]

    def _optimizer(self) -> Optimizer:
        """Return the optimizer, with the learning rate if one was given."""
        optimizer: Optimizer = copy.deepcopy(self._part("optimizer"))
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer, for example Adam(0.01), or None; received {optimizer!r}")
        if self.learning_rate is not None:
            check_rate("learning_rate", self.learning_rate)
            optimizer.learning_rate = self.learning_rate
        return optimizer

    def _seed(self) -> int:
        """Return the seed of the weights, the split and the run."""
        if self.random_state is None:  # not NumPy's global generator, as elsewhere in scikit-learn
            return int(np.random.SeedSequence().generate_state(1)[0])
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        return as_integer("random_state", self.random_state, least=0)

    def _outputs(self, X: Any) -> FloatArray:
        """Return the outputs o^(L) of the network for all examples, of shape (N, d^(L))."""
        check_is_fitted(self)
        as_plain_array("X", X)
        return outputs_of(self.net_, validate_data(self, X, dtype=np.float64, reset=False))


def _replaced(part: Any, path: str, value: Any) -> Any:
    """Return a copy of a dataclass with another value of the argument at a path."""
    name, _, rest = path.partition("__")
    return replace(part, **{name: _replaced(getattr(part, name), rest, value) if rest else value})


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A classifier: a network with linear outputs that are logits of the classes.

    Two classes have one output and the logistic loss, more have one output each and the softmax cross-entropy. Inputs
    are taken as they are: scale them, with a StandardScaler before this in a pipeline.

    Arguments:
        hidden: the widths of the hidden layers, d^(1) .. d^(L-1); a number is one layer, () is none.
        activation: the name of theta in the hidden layers, a key of ACTIVATIONS.
        optimizer: how the weights are updated; Adam(0.01) if None. It is not changed.
        learning_rate: eta, or a schedule of iterations, in place of the optimizer's; None leaves it.
        batch_size: the number of examples in an iteration, from data in random order; all examples if there are fewer,
            or if None.
        max_iter: the largest number of epochs, that is, passes through the data (as in scikit-learn's MLPClassifier);
            with batch_size=None, of iterations.
        stop: a criterion that may end the training before that, for example SmallImprovement(1e-4, over=100), in
            iterations; it combines with the others.
        regularization: lambda_C of L2 regularization, over all weights; or L2(lambda_C, bias=False).
        jitter: sigma, the standard deviation of noise on the inputs.
        dropout: the probability that a hidden node is removed in an iteration; or Dropout(rate, scale=False).
        early_stopping: whether a part of the data is held out, and the training ends when the loss on it has had no new
            lowest value for a while.
        validation_fraction: the fraction that is held out; of classes, the same fraction of each.
        patience: how many epochs may pass without a new lowest loss.
        progress: whether a progress bar is shown.
        random_state: an integer is the seed of everything random, as in MLP and `fit`, and the result is the same to
            the bit each time; from a RandomState the seed is drawn; None draws fresh entropy, never from NumPy's
            global generator.

    Attributes:
        net_: the network, an MLP, with the best weights that were found.
        history_: the History of the run. Errors are averaged over the mini-batch or, with batch_size=None, over the
            data (which the lecture sums over), so the same learning rate and lambda_C suit data of any size.
        loss_: the mean loss of net_ on the training data, with the penalty of the regularization; with early stopping
            the mean loss on the part that was held out.
        loss_curve_: the mean loss of each epoch, with the penalty; a list.
        n_iter_: the number of epochs, the last perhaps not finished.
        classes_: the classes, in order, of shape (K,).
        n_features_in_: d^(0).
        feature_names_in_: the names of the inputs, where X had names.

    Raises:
        TypeError, ValueError: in `fit`, naming the argument that is wrong, before training starts.

    Training runs on a program that is compiled from the graph of one example: see `fit`. Prediction is in matrices.
    Training takes no sample weights, and there is no `partial_fit`.

    >>> from nn.data_sets import xor
    >>> classifier = NetworkClassifier(hidden=(4,), learning_rate=0.1, max_iter=30, random_state=0).fit(*xor())
    >>> classifier.predict([[1, -1], [1, 1]]).tolist()
    [1, -1]
    >>> classifier.net_.sizes, classifier.n_iter_
    ([2, 4, 1], 30)
    """

    classes_: npt.NDArray[Any]

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Arguments:
            X: N examples, of shape (N, d^(0)).
            y: their classes, of shape (N,): numbers, text or truth values, at least two different ones.

        Raises:
            TypeError, ValueError: naming the argument that is wrong.
        """
        as_plain_array("X", X)
        as_plain_array("y", y)
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must have at least two classes; received 1 class, {self.classes_[0]!r}")
        if len(self.classes_) == 2:
            self._train(X, 2 * numbers - 1, 1, "logistic_loss")
        else:
            self._train(X, numbers, len(self.classes_), "softmax_cross_entropy")
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """Return the outputs of the network, logits: of shape (N, K), or (N,) for two classes.

        Arguments:
            X: N examples, of shape (N, d^(0)).

        For two classes they are the logits of classes_[1].
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable class of each example, of shape (N,).

        Arguments:
            X: N examples, of shape (N, d^(0)).
        """
        outputs = self._outputs(X)
        numbers = (outputs[:, 0] > 0).astype(int) if len(self.classes_) == 2 else outputs.argmax(axis=1)
        predicted: npt.NDArray[Any] = self.classes_[numbers]
        return predicted

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithms of the probabilities of the classes, of shape (N, K), in the order of `classes_`.

        Arguments:
            X: N examples, of shape (N, d^(0)).

        Equations: log softmax(o)_b = o_b - log sum_k exp(o_k). Two classes have log sigmoid(-o) and log sigmoid(o),
        which is the softmax of the logits 0 and o.
        """
        outputs = self._outputs(X)
        if len(self.classes_) == 2:
            outputs = np.column_stack([np.zeros(len(outputs)), outputs])
        return outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probabilities of the classes, of shape (N, K), in the order of `classes_`.

        Arguments:
            X: N examples, of shape (N, d^(0)).
        """
        probabilities: FloatArray = np.exp(self.predict_log_proba(X))
        return probabilities


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A regressor: a network with linear outputs and the squared error, summed over the outputs.

    Inputs are taken as they are: scale them, with a StandardScaler before this in a pipeline. Targets are scaled to
    mean 0 and deviation 1 during training, so that the same learning rate and lambda_C suit targets in any unit;
    afterwards the scale is multiplied into the last layer, so that `net_` returns them in their own unit.

    Arguments:
        hidden, activation, optimizer, learning_rate, batch_size, max_iter, stop: as for NetworkClassifier.
        regularization, jitter, dropout, early_stopping, validation_fraction, patience: as for NetworkClassifier.
        progress, random_state: as for NetworkClassifier.

    Attributes:
        net_: the network, an MLP, with the best weights that were found.
        history_: the History of the run, with the errors of scaled targets: for one output, 1 is the error of
            predicting the mean.
        loss_: the mean loss of the run's best weights, of scaled targets, with the penalty of the regularization, on
            the training data; with early stopping, without the penalty, on the part that was held out.
        loss_curve_, n_iter_, n_features_in_, feature_names_in_: as for NetworkClassifier.

    Raises:
        TypeError, ValueError: in `fit`, naming the argument that is wrong, before training starts.

    >>> X = np.linspace(-1, 1, 21).reshape(-1, 1)
    >>> regressor = NetworkRegressor(hidden=(4,), learning_rate=0.1, batch_size=None, random_state=0).fit(X, 300 + X**2)
    >>> regressor.predict([[0.0], [1.0]]).round(1).tolist()
    [[300.0], [301.0]]
    >>> regressor.net_([1.0]).data == regressor.predict([[1.0]]).item()
    True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Arguments:
            X: N examples, of shape (N, d^(0)).
            y: their targets, of shape (N,), or (N, d^(L)) for several outputs; predictions have the same shape.

        Raises:
            TypeError, ValueError: naming the argument that is wrong.
        """
        as_plain_array("X", X)
        as_plain_array("y", y)
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
        scale = Scale(targets)
        self._train(X, scale.apply(targets), targets.shape[1], "squared_error")
        *others, W = self.net_.weights
        W = W * scale.deviation[:, np.newaxis]
        W[:, 0] += scale.mean
        with np.errstate(over="ignore"):  # it is checked below
            W = np.ldexp(W, scale.exponent[:, np.newaxis])
        if not np.isfinite(W).all():
            raise ValueError(f"y must be smaller: {np.abs(targets).max()} makes a weight of the network infinite")
        self.net_.weights = [*others, W]
        self._one_dimension = y.ndim == 1
        return self

    def predict(self, X: Any) -> FloatArray:
        """Return the outputs of the network, of shape (N,) or (N, d^(L)), as y was.

        Arguments:
            X: N examples, of shape (N, d^(0)).
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_dimension else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R^2 of the predictions, as `sklearn.metrics.r2_score`.

        Arguments:
            X: N examples, of shape (N, d^(0)).
            y: their targets, of shape (N,) or (N, d^(L)).
            sample_weight: the weights of the examples in R^2, of shape (N,); None is 1 for each.

        R^2 does not depend on the unit or the zero of the targets. Both are changed first, so that no square overflows
        or underflows, and equal targets have exactly the deviation 0: R^2 is then 0, or 1 if the predictions are right.
        """
        targets = np.asarray(as_plain_array("y", y), dtype=np.float64).reshape(len(y), -1)
        exponent = np.frexp(np.abs(targets).max(axis=0, initial=0))[1]
        outputs, targets = np.ldexp(self._outputs(X), -exponent), np.ldexp(targets, -exponent)
        with np.errstate(over="ignore"):  # R^2 may be -inf
            return float(r2_score(targets - targets[:1], outputs - targets[:1], sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
