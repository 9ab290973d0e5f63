"""Residual networks in plain PyTorch, and how one of ours is compared with its twin."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u03_layers.batch_normalization import BatchNormalization
from solutions.u03_layers.dense import Dense
from solutions.u05_convolution.conv2d import Conv2D
from solutions.u05_convolution.pooling import GlobalAveragePooling2D, MaxPooling2D

OURS = {
    layer.__name__: layer
    for layer in (BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D)
} | {"MaxPooling2D": MaxPooling2D}


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(params=["course", "keras"])
def layers_from(request, monkeypatch):
    """A function that gives a module of ours the course's layers, or Keras's."""

    def put(module):
        for name, ours in OURS.items():
            layer = ours if request.param == "course" else getattr(keras.layers, name)
            if hasattr(module, name):
                monkeypatch.setattr(module, name, layer)

    return put


@pytest.fixture
def course_layers(monkeypatch):
    """A function that gives a module of ours the course's layers."""

    def put(module):
        for name, ours in OURS.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, ours)

    return put


@pytest.fixture
def twins():
    """`residual_block`, `bottleneck` and `resnet` as PyTorch modules."""
    torch = pytest.importorskip("torch")
    nn = torch.nn

    def norm(channels):
        return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)

    class Block(nn.Module):
        """A path of (filters, window, stride) beside a shortcut."""

        def __init__(self, channels, path):
            super().__init__()
            self.convs, self.norms, seen = nn.ModuleList(), nn.ModuleList(), channels
            for filters, window, stride in path:
                conv = nn.Conv2d(seen, filters, window, stride, window // 2, bias=False)
                self.convs.append(conv)
                self.norms.append(norm(filters))
                seen = filters
            stride = int(np.prod([step[2] for step in path]))
            self.shortcut = nn.ModuleList()
            if stride > 1 or channels != seen:
                conv = nn.Conv2d(channels, seen, 1, stride, bias=False)
                self.shortcut.extend([conv, norm(seen)])

        def leaves(self):
            for pair in zip(self.convs, self.norms, strict=True):
                yield from pair
            yield from self.shortcut

        def forward(self, x):
            y = x
            for number, (conv, norm) in enumerate(
                zip(self.convs, self.norms, strict=True)
            ):
                y = norm(conv(torch.relu(y) if number else y))
            for layer in self.shortcut:
                x = layer(x)
            return torch.relu(x + y)

    def residual_block(channels, filters, stride=1):
        return Block(channels, [(filters, 3, stride), (filters, 3, 1)])

    def bottleneck(channels, filters, stride=1):
        path = [(filters, 1, 1), (filters, 3, stride), (4 * filters, 1, 1)]
        return Block(channels, path)

    class ResNet(nn.Module):
        def __init__(self, block, counts, width, num_classes, stem, channels):
            super().__init__()
            window, stride, self.pools = (7, 2, True) if stem else (3, 1, False)
            self.conv = nn.Conv2d(
                channels, width, window, stride, window // 2, bias=False
            )
            self.norm, self.blocks, seen = norm(width), nn.ModuleList(), width
            for stage, count in enumerate(counts):
                for number in range(count):
                    stride = 2 if stage and not number else 1
                    self.blocks.append(block(seen, width * 2**stage, stride))
                    seen = self.blocks[-1].norms[-1].num_features
            self.logits = nn.Linear(seen, num_classes)

        def leaves(self):
            yield from (self.conv, self.norm)
            for block in self.blocks:
                yield from block.leaves()
            yield self.logits

        def forward(self, x):
            x = torch.relu(self.norm(self.conv(x)))
            if self.pools:
                x = nn.functional.max_pool2d(x, 3, 2, 1)
            for block in self.blocks:
                x = block(x)
            return self.logits(x.mean((2, 3)))

    return SimpleNamespace(
        residual_block=residual_block, bottleneck=bottleneck, resnet=ResNet
    )


def stir(twin, rng):
    """Random weights that neither blow images up nor let them vanish."""
    import torch

    for leaf in twin.leaves():
        for name, tensor in leaf.state_dict().items():
            if tensor.ndim == 4:
                scale = np.sqrt(2 / np.prod(tensor.shape[1:]))
                values = scale * rng.normal(size=tensor.shape)
            elif tensor.ndim == 2:
                values = rng.normal(size=tensor.shape) / np.sqrt(tensor.shape[1])
            elif name in ("weight", "running_var"):
                values = rng.uniform(0.5, 1.5, size=tensor.shape)
            else:
                values = rng.normal(scale=0.3, size=tensor.shape)
            tensor.copy_(torch.as_tensor(values))
    return twin


def weights_of(twin):
    """A twin's weights, in the order and layout of Keras."""
    arrays = []
    for leaf in twin.leaves():
        state = {k: v.detach().numpy().copy() for k, v in leaf.state_dict().items()}
        state.pop("num_batches_tracked", None)
        for array in state.values():
            order = {4: (2, 3, 1, 0), 2: (1, 0)}.get(array.ndim, (0,))
            arrays.append(array.transpose(order))
    return arrays


def as_array(tensor):
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = np.asarray(as_array(ours)), np.asarray(theirs, "float64")
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    gap, scale = np.max(np.abs(ours - theirs)), np.max(np.abs(theirs))
    assert gap <= tolerance * max(scale, 1e-9), f"{gap / scale:.1e} of the largest"


def same(ours, twin, images, tolerance=1e-4, training=False):
    """Outputs, gradients of images and weights, and what training has moved."""
    import torch

    twin.train(training)
    places = {}
    for leaf in twin.leaves():
        leaf.register_forward_hook(lambda leaf, x, y: places.update({leaf: y}))
    # Not channels last: oneDNN's gradient of a strided 1×1 convolution breaks on it
    # where channels are few (github.com/uxlfoundation/oneDNN/issues/6035).
    theirs = torch.tensor(images).permute(0, 3, 1, 2).contiguous().requires_grad_(True)
    result = twin(theirs)
    wanted = _last(result)
    upstream = np.random.default_rng(1).normal(size=wanted.shape).astype(images.dtype)
    parameters = [theirs, *(p for leaf in twin.leaves() for p in leaf.parameters())]
    gradients = torch.autograd.grad(
        (_last(result, torch_=True) * torch.tensor(upstream)).sum(), parameters
    )
    before = ours.get_weights()
    agree(ours(images, training=training), wanted, tolerance)
    ours.set_weights(before)
    given = autodiff.watch(ops.convert_to_tensor(images, dtype=images.dtype.name))
    factor = ops.convert_to_tensor(upstream, dtype=images.dtype.name)
    found = autodiff.gradients(
        lambda: ops.sum(ours(given, training=training) * factor),
        [given, *ours.trainable_weights],
    )
    agree(found[0], gradients[0].permute(0, 2, 3, 1), 10 * tolerance)
    for mine, theirs in zip(found[1:], gradients[1:], strict=True):
        order = {4: (2, 3, 1, 0), 2: (1, 0)}.get(theirs.ndim, (0,))
        agree(mine, theirs.permute(order), 10 * tolerance)
    _same_statistics(ours, twin, places, before, training)


def _last(result, torch_=False):
    """Channels last; an array, or still PyTorch's tensor."""
    moved = result.permute(0, 2, 3, 1) if result.ndim == 4 else result
    return moved if torch_ else moved.detach().numpy()


def _same_statistics(ours, twin, places, before, training):
    """PyTorch keeps the unbiased variance of a batch: n / (n − 1) times Keras's."""
    place = 0
    for leaf in twin.leaves():
        if not hasattr(leaf, "running_mean"):
            place += len(list(leaf.parameters()))
            continue
        old, new = before[place + 3], ours.get_weights()[place + 2 : place + 4]
        agree(new[0], leaf.running_mean, 1e-3)
        n = places[leaf].numel() / len(old)
        moved = leaf.running_var.numpy() - 0.9 * old
        expected = 0.9 * old + moved * (n - 1) / n if training else old
        agree(new[1], expected, 1e-3)
        place += 4


@pytest.fixture
def compare():
    """The functions above, for the tests of this folder."""
    return SimpleNamespace(
        agree=agree, as_array=as_array, same=same, stir=stir, weights_of=weights_of
    )
