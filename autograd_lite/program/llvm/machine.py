"""Programs as machine code: the text that `kernel` writes, compiled by LLVM for this processor, and called."""

import ctypes
import struct
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from autograd_lite.program.llvm.kernel import Kernel
from autograd_lite.program.matrices import Arrays
from autograd_lite.program.python.interpreted import Backend, FloatArray

NUMBERS = struct.Struct("9q")
"""What machine code is called with: integers and addresses, in the order in which `Kernel.program` reads them."""


@cache
def native_lanes() -> int:
    """Return how many doubles the vector registers of this processor hold."""
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2


class Machine(Backend):
    """A program compiled to machine code.

    Arguments:
        arrays: the program.
        lanes: how many points a vector has: 8, 4 or 2; as many as this processor's registers hold if None.

    Raises:
        ValueError: if LLVM does not know a primitive, for example a user-defined one.
    """

    def __init__(self, arrays: Arrays, lanes: int | None = None) -> None:
        self.outputs, self.totals = sum(map(len, arrays.outputs)), arrays.number_of_totals
        self.lanes = native_lanes() if lanes is None else lanes
        kernel = Kernel(arrays, self.lanes)
        self.text = str(kernel.module)
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(cpu=cpu, features=features, opt=2, codemodel="jitdefault", jit=True)
        module = llvm.parse_assembly(self.text)
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        module.verify()
        self.engine = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()
        self.run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.engine.get_function_address("run"))
        self.doubles = kernel.doubles
        self.local = threading.local()

    def __call__(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Backend`."""
        work = getattr(self.local, "work", None)  # each thread has its own
        if work is None:
            work = self.local.work = self._work_space()
        outputs, totals, numbers = self._prepare(inputs, parameters, work[1])
        self.run(numbers)
        return outputs, totals

    def bind(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray, Callable[[], None]]:
        """See `Backend`."""
        work, start = self._work_space()
        outputs, totals, numbers = self._prepare(inputs, parameters, start)
        run = self.run

        def run_again(_: Any = (inputs, parameters, outputs, totals, work, self)) -> None:
            run(numbers)

        run_again()
        return outputs, totals, run_again

    def _work_space(self) -> tuple[FloatArray, int]:
        """Return memory, and where it is to be used from: the start of a cache line."""
        memory = np.zeros(self.doubles + 8)
        return memory, -(-_address(memory) // 64) * 64

    def _prepare(self, inputs: FloatArray, parameters: FloatArray, work: int) -> tuple[FloatArray, FloatArray, bytes]:
        """Return the outputs and the totals that the machine code will compute, and what it is called with."""
        points, totals = inputs.shape[0], self.totals
        width = -(-points // 8) * 8
        results = np.empty(totals + self.outputs * width)
        address = _address(results)
        down, across = inputs.strides
        given = _address(inputs), down // 8, across // 8, _address(parameters)
        numbers = NUMBERS.pack(points, *given, address + 8 * totals, width, address, work)
        if self.outputs == 1:  # the fast way
            return results[totals : totals + points, np.newaxis], results[:totals], numbers
        return results[totals:].reshape(self.outputs, width).T[:points], results[:totals], numbers


def _address(array: FloatArray) -> int:
    """Return where the numbers of an array are."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]  # the fast way
    except (ValueError, TypeError, BufferError):  # it is empty, is not contiguous, or cannot be written to
        address: int = array.__array_interface__["data"][0]
        return address
