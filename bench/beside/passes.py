"""A pass of a layer or network, run as a backend runs it: a function of nothing.

What a pass returns is what the two sides are compared by: outputs, gradients, the loss.
"""

import shutil
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from beside.cases import Case
from course import autodiff

BACKEND = keras.backend.backend()
MODES = {"torch": ("eager", "compile"), "tensorflow": ("eager", "graph", "xla")}
RATE = 1e-5  # of the steps: a thousand of them leave the numbers what they are

Pass = Callable[[], Any]


def possible_modes() -> tuple[str, ...]:
    """Those of this backend that this machine can run."""
    if BACKEND == "torch" and shutil.which("g++") is None:
        return ("eager",)  # torch.compile needs a compiler of C++
    return MODES[BACKEND]


def given(case: Case, rng: np.random.Generator) -> tuple[Any, Any]:
    """An input, and the targets that its output is compared with in the loss."""
    if case.below:
        x = rng.integers(0, case.below, case.shape, dtype="int32")
    else:
        x = rng.standard_normal(case.shape, dtype="float32")
    if case.classes:
        return x, rng.integers(0, case.classes, case.shape[0], dtype="int32")
    return x, rng.standard_normal(10**6, dtype="float32")


class Side:
    """One of the two: its passes, each as a function of nothing.

    Args:
        case: What is measured.
        part: The layer, network or function.
        x: Its input, an array.
        targets: Of `given`.
        mode: One of MODES.
    """

    def __init__(self, case: Case, part: Any, x: Any, targets: Any, mode: str):
        self.case, self.mode = case, mode
        self.call = part
        if mode == "compile":
            self.call = _compiled(part)
        self.x = autodiff.watch(x)
        self.weights = list(getattr(part, "trainable_weights", ()))
        self.optimizer = keras.optimizers.SGD(RATE)
        if self.weights:
            self.optimizer.build(self.weights)
        training = case.random
        y = part(self.x, training=training)
        if case.classes:
            self.targets = ops.convert_to_tensor(targets)
        else:
            shape = tuple(y.shape)
            self.targets = ops.convert_to_tensor(np.resize(targets, shape))

    def passes(self) -> dict[str, Pass]:
        """By their names in `beside.cases.PASSES`."""
        kinds = {
            "forward": self.forward,
            "backward": self.backward,
            "train": self.train,
        }
        return {
            name: self._run(kinds[name])
            for name in self.case.passes
            if name != "train" or self.weights
        }

    def forward(self) -> Any:
        return self.call(self.x, training=self.case.random)

    def loss(self) -> Any:
        y = self.call(self.x, training=True)
        if self.case.classes:
            losses = ops.sparse_categorical_crossentropy(
                self.targets, y, from_logits=True
            )
            return ops.mean(losses)
        return ops.mean(ops.square(y - self.targets))

    def backward(self) -> Any:
        """The loss and its gradients, for the weights and for a floating input."""
        inputs = [] if self.case.below else [self.x]
        return autodiff.value_and_gradients(self.loss, [*self.weights, *inputs])

    def train(self) -> Any:
        """The loss, before a step down. A layer hands a gradient on, a network none."""
        inputs = [] if self.case.below or self.case.classes else [self.x]
        loss, gradients = autodiff.value_and_gradients(
            self.loss, [*self.weights, *inputs]
        )
        self.optimizer.apply(gradients[: len(self.weights)], self.weights)
        return loss

    def _run(self, function: Pass) -> Pass:
        """The pass as the mode has it, without gradients where none are asked for."""
        if BACKEND == "torch":
            import torch

            return torch.no_grad()(function) if function == self.forward else function
        if self.mode == "eager":
            return function
        import tensorflow as tf

        return tf.function(function, jit_compile=self.mode == "xla", autograph=False)


def _compiled(part: Any) -> Any:
    """By torch.compile: the layer, and with it the way back. The step stays eager."""
    import torch

    # Both sides, with and without gradients, count as compilations of one function.
    torch._dynamo.config.recompile_limit = 64
    return torch.compile(lambda x, training: part(x, training=training))


def forget() -> None:
    """Lets go of graphs and compiled code, so that the next case finds the same memory."""
    keras.utils.clear_session()
    if BACKEND == "torch":
        import torch

        torch.compiler.reset()
