"""Weights and checkpoints in files: NumPy's format without pickles, replaced only when complete."""

import copy
import errno
import hashlib
import io
import json
import os
import secrets
import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from nn.checks import warn
from nn.mlp import ACTIVATIONS, MLP
from nn.training.identity import digest
from nn.training.termination import LISTS


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write arrays to a file (.npz) under a temporary name, flush it to the disk, and only then replace the file.

    A process that is killed in the middle, or a power cut, leaves the old file as it was, and perhaps one of the
    temporary name. The end of the file, the comment of the archive, is a checksum of all that is before it. The new
    file has the permissions of the old one.

    Raises:
        OSError: if the file cannot be written, or is write-protected.
    """
    path = Path(os.path.realpath(path))  # so that a symbolic link stays one
    if path.is_symlink() or (path.exists() and not path.is_file()):  # links that form a cycle remain
        raise OSError(errno.EINVAL, "not a file, but a directory, a device or a circular link", os.fspath(path))
    if path.exists() and not path.stat().st_mode & 0o222:  # otherwise only the folder would be asked
        raise PermissionError(errno.EACCES, "the file is write-protected", os.fspath(path))
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    content = archive.getvalue()[:-2] + CHECKSUM_LENGTH.to_bytes(2, "little")  # the length of the comment
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")  # no other process or thread has it
    try:
        with open(unfinished, "xb") as file:
            file.write(content + _checksum(content))
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except OSError as error:  # a full disk has no name, and the temporary one means nothing to the user
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a file that `write_arrays` has written; pickles in it are refused.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it was not written by `write_arrays`, or has changed.
    """
    content = Path(path).read_bytes()
    try:
        if content[-CHECKSUM_LENGTH:] != _checksum(content[:-CHECKSUM_LENGTH]):
            raise ValueError("its checksum is wrong")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # a forged file may raise anything
        raise ValueError(f"{os.fspath(path)} is damaged, or was not written by this package: {error}") from error


CHECKSUM_LENGTH = 64


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def save_weights(net: MLP, path: str | os.PathLike[str]) -> None:
    """Write the weights of a network to a file (.npz): W^(1) .. W^(L), and the activations; no pickles.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if the units of the hidden layers, or of the last, differ in their activation.

    >>> import tempfile
    >>> net = MLP(2, [3, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(net, f"{folder}/net.npz")
    ...     again = load_weights(f"{folder}/net.npz")
    >>> all((a == b).all() for a, b in zip(net.weights, again.weights)), again.activations
    (True, ['tanh', 'tanh'])
    """
    for part in (net.layers[:-1], net.layers[-1:]):
        if len({neuron.activation for layer in part for neuron in layer.neurons}) > 1:
            raise ValueError(
                f"net must have one activation in all hidden units, and one in all of the last layer: {net}"
            )
    matrices = {f"W{layer}": matrix for layer, matrix in enumerate(net.weights, start=1)}
    write_arrays(path, {"activations": np.array(json.dumps(net.activations)), **matrices})


def load_weights(path: str | os.PathLike[str]) -> MLP:
    """Return the network whose weights `save_weights` has written.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it does not hold the weights of a network.
    """
    arrays = read_arrays(path)
    try:
        activations = json.loads(str(arrays.pop("activations")))
        matrices = [arrays[f"W{l}"] for l in range(1, len(arrays) + 1)]
        widths = [len(matrix) for matrix in matrices]
        net = MLP(matrices[0].shape[1] - 1, widths, activations[0], activations[-1], weights=matrices)
        if net.activations != activations:
            raise ValueError(f"activations {activations} for layers of {widths} units")
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(
            f"{os.fspath(path)} does not hold the weights of a network, as `save_weights` writes them: {error!r}"
        ) from error
    return net


REMEDY = "; delete the file, or pass another one, to start from the beginning"
"""What may be done about a checkpoint that is refused."""

SETTINGS = (
    "X", "y", "validation", "optimizer", "batch_size", "shuffle", "average", "regularization", "jitter", "dropout",
    "evaluate_every", "seed", "engine", "net", "loss",
)  # fmt: skip
"""The arguments of `fit` that must be the same when a run is resumed; of the network only its layers."""


class Checkpoint:
    """The checkpoint of a run of `fit`: which run it is, and its state between two iterations.

    At its start, a run resumes from the file if it exists, and then writes it, so that a file that cannot be written is
    noticed before training starts.

    Arguments:
        run: a `Run` that is ready for its first iteration. If the file exists, the run's weights, history, optimizer,
            batches and generators are set to what the file holds.

    Attributes:
        path: of the file.
        identity: the digest of each setting.
        callbacks: the digest of each callback of this run, or the error of one that has none.
        changed: of the digests of callbacks that have been there in all iterations, whether they have changed the
            weights; the others only look on.
        first_weights: the digest of the weights that the run began with.
        state: all that the rest of the run depends on, but for the lists of the history, which only grow. It is taken
            between two iterations and written as it is, so that it does not matter where the run was interrupted.

    Raises:
        ValueError: if another run wrote the file, or it is not a checkpoint.
        TypeError: if an argument cannot be compared with what another run had.
        OSError: if the file cannot be written.
    """

    def __init__(self, run: SimpleNamespace) -> None:
        self.run = weakref.proxy(run)  # without a reference cycle, the data are freed as soon as the run has ended
        self.path = Path(run.checkpoint)
        thetas = [[ACTIVATIONS[neuron.activation] for neuron in layer.neurons] for layer in run.net.layers]
        parts = {name: getattr(run, name) for name in SETTINGS} | {"net": (type(run.net), run.net.sizes, thetas)}
        self.first_weights = digest("weights", run.weights)
        self.identity = {name: digest(name, part, run.net) for name, part in parts.items()}
        self.callbacks = [self._digest_of_callback(callback) for callback in run.callbacks]
        self.changed = {one: False for one in self.callbacks if isinstance(one, str)}
        if self.path.exists():
            self._resume()
        self._take()
        try:
            self.save()
        except OSError as error:
            words = f"checkpoint {self.path} cannot be written; pass a file in a folder that you may write to"
            raise OSError(error.errno, f"{words} ({error.strerror})") from error

    def save(self) -> None:
        """Write the last state, with the history up to it.

        Raises:
            TypeError: if a function of the run has a state that changes.
            OSError: if the file cannot be written.
        """
        self._check_functions()
        lists = {name: getattr(self.run.history, name)[: self.state["iterations"]] for name in LISTS}
        arrays = {name: np.array(entries, dtype=float) for name, entries in lists.items()}  # None becomes nan
        identity = json.dumps({**self.identity, "callbacks": self.changed})
        write_arrays(self.path, {**self.state, **arrays, "identity": identity, "first_weights": self.first_weights})

    def after_iteration(self) -> None:
        """Take the state after an iteration, and write it every `checkpoint_every` iterations."""
        self.changed = {one: changed for one, changed in self.changed.items() if one in self.callbacks}
        self._take()
        if self.state["iterations"] % self.run.checkpoint_every == 0:
            self.save()
        elif self.state["iterations"] == 1:
            self._check_functions()

    def note_change_by(self, number: int) -> None:
        """Note that a callback has changed the weights.

        Arguments:
            number: its place in the list of callbacks.

        Raises:
            TypeError: if it cannot be compared, or has a state that changes.
            ValueError: if it was not there from the beginning.
        """
        callback = self.callbacks[number]
        if isinstance(callback, TypeError):
            raise callback
        if callback not in self.changed:
            raise self._another_run(["callbacks"])
        if not self.changed[callback]:
            self.changed[callback] = True
            self._check_functions()

    def _take(self) -> None:
        """Take the state of the run, without writing it."""
        run, history = self.run, self.run.history
        generators = {use: generator.bit_generator.state for use, generator in run.generators.items()}
        self.state = {
            "generators": json.dumps(generators),
            "best": [history.best_iteration, history.best_loss],
            "iterations": history.iterations,
            **{f"weights.{l}": W for l, W in enumerate(run.weights, start=1)},
            **{f"best_weights.{l}": W for l, W in enumerate(run.best_weights, start=1)},
            **{f"optimizer.{name}": array for name, array in run.optimizer.state().items()},
            **{f"batches.{name}": array for name, array in run.batches.state().items()},
        }

    def _resume(self) -> None:
        """Continue where the run that wrote the file stopped."""
        try:
            arrays = read_arrays(self.path)
        except ValueError as error:
            raise ValueError(f"checkpoint {error}{REMEDY}") from error
        if "identity" not in arrays:
            raise ValueError(f"checkpoint {self.path} is not a checkpoint of a run{REMEDY}")
        theirs = json.loads(str(arrays["identity"]))
        self.changed = theirs.pop("callbacks")
        different = [name for name, ours in self.identity.items() if theirs.get(name) != ours]
        if any(changed and one not in self.callbacks for one, changed in self.changed.items()):
            different.append("callbacks")
        if different:
            raise self._another_run(different)

        def part(prefix: str) -> dict[str, Any]:
            return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

        run, history = self.run, self.run.history
        run.weights, run.best_weights = list(part("weights.").values()), list(part("best_weights.").values())
        first = str(arrays["first_weights"])
        if self.first_weights not in {first, digest("weights", run.weights), digest("weights", run.best_weights)}:
            warn(
                f"the run of the checkpoint {self.path} began with weights other than the network's, and continues "
                f"from those in the file{REMEDY}",
                RuntimeWarning,
            )
        self.first_weights = first
        for name in LISTS:
            getattr(history, name).extend(arrays[name].tolist())
        for t in range(history.iterations):
            if run.validation is None or t % run.interval:
                history.validation_loss[t] = None
        history.best_iteration, history.best_loss = int(arrays["best"][0]), float(arrays["best"][1])
        for use, state in json.loads(str(arrays["generators"])).items():
            run.generators[use].bit_generator.state = state
        run.optimizer.restore(part("optimizer."))
        run.batches.restore(part("batches."))

    def _digest_of_callback(self, callback: Any) -> str | TypeError:
        try:
            return digest("callbacks", callback, self.run.net)
        except TypeError as error:  # which is raised if it changes the weights
            return error

    def _check_functions(self) -> None:
        """Check that the functions of the run have no state that changes: a checkpoint does not hold it.

        Raises:
            TypeError: naming the argument.
        """
        run, optimizer = self.run, copy.deepcopy(self.run.optimizer)
        optimizer.reset()
        parts = {"loss": run.loss, "regularization": run.regularization, "dropout": run.dropout, "optimizer": optimizer}
        checked = [(name, part, self.identity[name]) for name, part in parts.items()]
        for callback, identity in zip(run.callbacks, self.callbacks, strict=True):
            if isinstance(identity, str) and self.changed.get(identity):
                checked.append(("callbacks", callback, identity))
        for name, part, identity in checked:
            if digest(name, part, run.net) != identity:
                raise TypeError(
                    f"{name} must compute the same from the same arguments if there is a checkpoint, because it "
                    f"does not hold what changes from call to call; received {part!r:.200}"
                )

    def _another_run(self, different: list[str]) -> ValueError:
        """Return the error for a checkpoint that another run wrote."""
        which = f"which differs in {', '.join(different)}"
        return ValueError(f"checkpoint {self.path} was written by another run, {which}{REMEDY}")
