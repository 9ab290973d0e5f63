"""float64 wherever something is summed, rounded at the end; the loops are written out."""

import numpy as np


class InitError(ValueError):
    pass


class Dense:
    def __init__(
        self,
        inputs: int,
        units: int,
        init: str = "xavier",
        seed: int | None = None,
        dtype: str = "float64",
    ) -> None:
        match init:
            case "xavier":
                variance = 2 / (inputs + units)
            case "he":
                variance = 2 / inputs
            case _:
                raise InitError(init)
        # any distribution of this mean and variance will do: here both are uniform
        limit = (3 * variance) ** 0.5
        rng = np.random.default_rng(seed)
        if init == "he":
            start = rng.normal(0, variance**0.5, inputs * units)
        else:
            start = rng.uniform(-limit, limit, inputs * units)
        self.kernel = start.reshape(inputs, units).astype(dtype)
        self.bias = np.zeros(units).astype(dtype)

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        y = np.empty((len(x), len(self.bias)))
        for b in range(y.shape[0]):
            for u in range(y.shape[1]):
                y[b, u] = self.bias[u]
                for i in range(x.shape[1]):
                    y[b, u] += float(x[b, i]) * float(self.kernel[i, u])
        return y.astype(x.dtype)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        wide, x, dtype = dy.astype("float64"), self.x.astype("float64"), dy.dtype
        self.kernel_gradient = np.einsum("bi,bu->iu", x, wide).astype(dtype)
        self.bias_gradient = np.einsum("bu->u", wide).astype(dtype)
        dx = (wide[:, None, :] * self.kernel[None]).sum(axis=-1)
        return dx.astype(dtype)

    def parameters(self):
        return [self.kernel, self.bias]

    def gradients(self):
        return [self.kernel_gradient, self.bias_gradient]
