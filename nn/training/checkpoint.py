"""Weights and checkpoints in files: NumPy's format without pickles, replaced only when complete."""

import errno
import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nn.mlp import MLP


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write arrays to a file (.npz) under a temporary name, flush it to the disk, and only then replace the file.

    A process that is killed in the middle, or a power cut, leaves the old file as it was, and perhaps one of the
    temporary name. The end of the file, the comment of the archive, is a checksum of all that is before it. The new
    file has the permissions of the old one.

    Raises:
        OSError: if the file cannot be written, or is write-protected.
    """
    path = Path(os.path.realpath(path))  # so that a symbolic link stays one
    if path.is_symlink() or (path.exists() and not path.is_file()):  # links that form a circle remain
        raise OSError(errno.EINVAL, "not a file, but a directory, a device or a circular link", os.fspath(path))
    if path.exists() and not path.stat().st_mode & 0o222:  # otherwise only the folder would be asked
        raise PermissionError(errno.EACCES, "the file is write-protected", os.fspath(path))
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    content = archive.getvalue()[:-2] + CHECKSUM_LENGTH.to_bytes(2, "little")  # the length of the comment
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")  # no other process and thread has it
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
