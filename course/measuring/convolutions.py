"""Ways to compute one convolution, side by side: time, rate, error.

All get the same images and kernel, at stride 1 with `same` padding. Rates count the
operations of the definition, 2·B·H·W·kh·kw·C·F, whatever a way really computes: so
they compare times, and a way that multiplies less may come out above what the machine
can multiply.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from course import parts
from course.measuring import statistics, timing

Array = NDArray[Any]
AGREES = 1e-3  # of the largest output: beyond that two ways don't compute the same
SLOW = 0.5  # seconds a call; what is slower is measured once

# How a backend can run them: as it comes, or compiled.
MODES = {"torch": ("eager",), "tensorflow": ("eager", "graph", "xla")}


class Shape(NamedTuple):
    """A convolution's sizes: images (batch, side, side, channels), a square kernel."""

    batch: int
    side: int
    channels: int
    window: int
    filters: int

    @property
    def title(self) -> str:
        return (
            f"{self.window}×{self.window}, {self.channels}→{self.filters}, "
            f"{self.batch} images of {self.side}²"
        )

    @property
    def operations(self) -> int:
        """Multiplications and additions of the definition."""
        cells = self.window**2 * self.channels * self.filters
        return 2 * self.batch * self.side**2 * cells

    @property
    def bytes(self) -> int:
        """Of images, kernel and result in float32: what must be moved at least once."""
        pixels = self.batch * self.side**2 * (self.channels + self.filters)
        return 4 * (pixels + self.window**2 * self.channels * self.filters)


SHAPES = (
    Shape(8, 28, 16, 1, 32),
    Shape(8, 28, 16, 3, 32),
    Shape(8, 32, 16, 11, 16),
    Shape(8, 28, 64, 3, 64),
    Shape(8, 14, 256, 3, 256),
)


class Way(NamedTuple):
    """A way to compute a convolution.

    Attributes:
        name: For tables and pictures.
        part: The name of the exercise's function or layer; "" is Keras's layer.
        call: Computes it, given the part, images, kernel.
        numpy: Whether it takes NumPy arrays.
        window: The only kernel size it can do; 0: any.
    """

    name: str
    part: str
    call: Callable[[Any, Any, Any], Any]
    numpy: bool = False
    window: int = 0


def _padded(function: Any, x: Any, kernel: Any) -> Any:
    bias = np.zeros(kernel.shape[-1], kernel.dtype)
    return function(x, kernel, bias, padding=len(kernel) // 2)


def _same(function: Any, x: Any, kernel: Any) -> Any:
    return function(x, kernel, padding="same")


def _tiles(tile: int) -> Callable[[Any, Any, Any], Any]:
    return lambda function, x, kernel: function(x, kernel, "same", tile)


def _layer(layer: Any, x: Any, kernel: Any) -> Any:
    return layer(x)


WAYS = (
    Way("NumPy, loops", "conv2d_forward", _padded, numpy=True),
    Way("NumPy, im2col", "conv2d_forward_im2col", _padded, numpy=True),
    Way("im2col", "im2col_conv2d", _same),
    Way("Winograd 2×2", "winograd_conv2d", _tiles(2), window=3),
    Way("Winograd 4×4", "winograd_conv2d", _tiles(4), window=3),
    Way("Fourier", "fft_conv2d", _same),
    Way("Conv2D", "Conv2D", _layer),
    Way("Keras's Conv2D", "", _layer),
)


class Measured(NamedTuple):
    """One way on one shape.

    Attributes:
        way: Its name.
        whose: `yours`, `solutions` or `keras`.
        shape: What was convolved.
        mode: How the backend ran it; "numpy" for what is NumPy's.
        seconds: The median of its times.
        low: Their lower quartile.
        high: Their upper quartile.
        error: The largest difference from float64, by the largest output.
    """

    way: str
    whose: str
    shape: Shape
    mode: str
    seconds: float
    low: float
    high: float
    error: float

    @property
    def rate(self) -> float:
        """Operations of the definition, a second."""
        return self.shape.operations / self.seconds


class DoesNotCompute(ValueError):
    """A way whose result is not the convolution."""


def available(ways: Iterable[Way] = WAYS) -> tuple[dict[str, str], list[str]]:
    """Whose each way is, by its name, and what to complete for the others.

    Returns:
        `{"im2col": "yours", …}`, and sentences.
    """
    whose, missing = {}, []
    for way in ways:
        try:
            whose[way.name] = _part(way)[0]
        except AttributeError as error:
            missing.append(str(error))
    return whose, list(dict.fromkeys(missing))


def _part(way: Way) -> tuple[str, Any]:
    if not way.part:
        return "keras", keras.layers.Conv2D
    return parts.written(way.part, "numpy" if way.numpy else "keras")


def measure(
    shape: Shape,
    ways: Sequence[Way] = WAYS,
    mode: str = "eager",
    rounds: int = timing.ROUNDS,
    least: float = timing.LEAST,
) -> list[Measured]:
    """Measures in turn those of the ways that are there and suit the kernel's size.

    Raises:
        DoesNotCompute: If a result is none of this convolution.
    """
    there, _ = available(ways)
    chosen = [w for w in ways if w.name in there and w.window in (0, shape.window)]
    x, kernel = draw(shape)
    truth = exactly(x, kernel)
    calls, errors = [], []
    for way in chosen:
        call = prepared(way, x, kernel, mode)
        errors.append(error_of(call(), truth))
        if not errors[-1] < AGREES:
            raise DoesNotCompute(
                f"{way.name} ({there[way.name]}) is {errors[-1]:.1e} of the largest "
                f"output away from the convolution {shape.title}."
            )
        calls.append(call)
    times = timing.interleaved(calls, rounds, least, SLOW)
    return [
        Measured(
            way.name,
            there[way.name],
            shape,
            "numpy" if way.numpy else mode,
            _median(found),
            *statistics.quartiles(found),
            error,
        )
        for way, found, error in zip(chosen, times, errors, strict=True)
    ]


def _median(times: Sequence[float]) -> float:
    return float(np.median(times))


def draw(shape: Shape) -> tuple[Array, Array]:
    """Images and a kernel, normal numbers in float32."""
    rng = np.random.default_rng(shape.operations)
    size = (shape.batch, shape.side, shape.side, shape.channels)
    x = rng.standard_normal(size, dtype="float32")
    window = (shape.window, shape.window, shape.channels, shape.filters)
    return x, rng.standard_normal(window, dtype="float32")


def exactly(x: Array, kernel: Array) -> Array:
    """The convolution in float64: for each cell of the kernel a product, added up."""
    (window, *_), (_, height, width, _) = kernel.shape, x.shape
    border = (
        (0, 0),
        ((window - 1) // 2, window // 2),
        ((window - 1) // 2, window // 2),
    )
    padded = np.pad(x.astype("float64"), (*border, (0, 0)))
    y = np.zeros((*x.shape[:3], kernel.shape[-1]))
    for p, q in np.ndindex(window, window):
        y += padded[:, p : p + height, q : q + width] @ kernel[p, q].astype("float64")
    return y


def error_of(y: Any, truth: Array) -> float:
    """The largest difference, by the largest magnitude; infinite for another shape."""
    found = np.asarray(ops.convert_to_numpy(y), "float64")
    if found.shape != truth.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.max(np.abs(found - truth)) / np.max(np.abs(truth)))


def prepared(way: Way, x: Array, kernel: Array, mode: str) -> Callable[[], Any]:
    """A function that computes it once, run as `mode` says."""
    _, part = _part(way)
    if way.numpy:
        return lambda: way.call(part, x, kernel)
    if isinstance(part, type):
        layer = part(kernel.shape[-1], kernel.shape[0], padding="same", use_bias=False)
        layer.build(x.shape)
        layer.set_weights([kernel])
        part = layer
    given = ops.convert_to_tensor(x), ops.convert_to_tensor(kernel)
    run = compiled(lambda x, kernel: way.call(part, x, kernel), mode)
    return lambda: run(*given)


def compiled(function: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """The function as the backend runs it in this mode, without gradients.

    Raises:
        ValueError: If the backend has no such mode.
    """
    backend = keras.backend.backend()
    if mode not in MODES.get(backend, ()):
        raise ValueError(f"{backend} has no mode {mode}; {MODES}.")
    if backend == "torch":
        import torch

        return torch.no_grad()(function)
    if mode == "eager":
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=mode == "xla", autograph=False)
