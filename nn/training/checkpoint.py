"""Weights and checkpoints in files: NumPy's format without pickles, replaced only when complete."""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nn.checks import FloatArray
from nn.mlp import MLP


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write arrays to a file (.npz) under a temporary name, flush it to the disk, and only then replace the file.

    A process that is killed in the middle, or a power cut, leaves the old file as it was.

    Raises:
        OSError: if the file cannot be written.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with open(unfinished, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a file that `write_arrays` has written; pickles in it are refused.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it was not written by `write_arrays`.
    """
    try:
        # opened here, because np.load leaves the file open if it is not an archive
        with open(path, "rb") as opened:
            file = np.load(opened, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise ValueError("it is a single array")
            return {name: np.asarray(file[name]) for name in file.files}
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, AttributeError) as error:
        raise ValueError(f"{os.fspath(path)} is not a file of arrays that was written here: {error}") from error


def digest(*arrays: FloatArray) -> str:
    """A short name for the numbers of arrays."""
    name = hashlib.sha256()
    for array in arrays:
        name.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return name.hexdigest()[:16]


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
    names = [net.activations[0]] * (len(net.layers) - 1) + [net.activations[-1]]
    for layer, name in zip(net.layers, names, strict=True):
        if any(neuron.activation != name for neuron in layer.neurons):
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
    matrices = [arrays[f"W{layer}"] for layer in range(1, len(arrays)) if f"W{layer}" in arrays]
    if not matrices or "activations" not in arrays or len(matrices) != len(arrays) - 1:
        raise ValueError(
            f"{os.fspath(path)} does not hold the weights of a network, but {', '.join(arrays) or 'nothing'}"
        )
    try:
        activations = json.loads(str(arrays["activations"]))
        widths = [len(matrix) for matrix in matrices]
        net = MLP(matrices[0].shape[1] - 1, widths, activations[0], activations[-1], weights=matrices)
        if net.activations != activations:
            raise ValueError(f"activations {activations} for layers of {widths} units")
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(f"{os.fspath(path)} does not hold the weights of a network: {error}") from error
    return net
