"""What is measured: every layer and network of u03 to u08, at the sizes they have.

The shapes are those of the networks' own layers, for images of 28, 32, 56, 64 and 224
pixels. `TWIN` says beside what:

    keras         Keras's layer or function of the same name
    parts         the same class of the course, its layers Keras's
    stand-in      what `course.block_stand_ins` makes of Keras's operations
    application   the network of keras.applications
"""

from dataclasses import dataclass, field
from typing import Any

GROUPS = (
    "convolution",
    "pooling",
    "normalization",
    "dense and activations",
    "reshaping",
    "augmentation",
    "blocks",
    "models",
)
PASSES = {
    "forward": "forward (inference)",
    "backward": "forward + backward",
    "train": "train step",
}


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        group: One of GROUPS.
        name: The class or function of the syllabus.
        arguments: What it is made with; a function is called with them.
        shape: Of the input, its batch in front.
        keywords: More of `arguments`, by name.
        twin: Beside what: `keras`, `parts`, `stand-in`, `application`.
        passes: Which of PASSES are measured.
        random: Whether every call draws anew, so that results agree in their mean alone.
        classes: Of a network that classifies; 0: its loss is a mean of squares.
        below: Indices to look up are drawn below this; 0: the input is normal numbers.
        long: Whether making a graph of it takes a minute; then it is compiled on
            request only (`--every-mode`).
        compiled: Whether torch.compile is measured without being asked for: it takes a
            minute.
        quick: Whether `--quick` measures it.
    """

    group: str
    name: str
    arguments: tuple[Any, ...]
    shape: tuple[int, ...]
    keywords: dict[str, Any] = field(default_factory=dict, hash=False)
    twin: str = "keras"
    passes: tuple[str, ...] = tuple(PASSES)
    random: bool = False
    classes: int = 0
    below: int = 0
    long: bool = False
    compiled: bool = False
    quick: bool = False

    @property
    def is_function(self) -> bool:
        return self.name[0].islower()

    @property
    def title(self) -> str:
        """Its name in tables and for `--only`; no two cases have the same."""
        said = [_said(a) for a in self.arguments]
        said += [f"{k}={_said(v)}" for k, v in self.keywords.items()]
        batch, *sizes = self.shape
        image = "×".join(map(str, sizes))
        if len(sizes) == 3 and sizes[0] == sizes[1]:
            image = f"{sizes[0]}²×{sizes[2]}"
        return f"{self.name}({', '.join(said)}) {image}, batch {batch}"


def _said(value: Any) -> str:
    return value if isinstance(value, str) else str(value).replace(" ", "")


def image(side: int, channels: int, batch: int = 8) -> tuple[int, ...]:
    return (batch, side, side, channels)


def convolution(shape, filters, window, strides=1, **rest) -> Case:
    flags = {name: rest.pop(name) for name in ("quick", "compiled") if name in rest}
    rest = {"padding": "same"} | rest
    return Case(
        "convolution", "Conv2D", (filters, window, strides), shape, rest, **flags
    )


def depthwise(shape, window, strides=1, **flags) -> Case:
    same = {"padding": "same"}
    return Case(
        "convolution", "DepthwiseConv2D", (window, strides), shape, same, **flags
    )


CONVOLUTIONS = (
    # The first convolutions of SimpleCNN, LeNet-5, VGG, GoogLeNet, ResNet and AlexNet.
    convolution(image(28, 1, 32), 32, 3, quick=True),
    convolution(image(32, 1, 32), 6, 5, padding="valid"),
    convolution(image(14, 6, 32), 16, 5, padding="valid"),
    convolution(image(14, 32, 32), 64, 3),
    convolution(image(32, 3), 64, 3),
    convolution(image(32, 3, 32), 16, 3),
    convolution(image(56, 3), 64, 7, 2),
    convolution(image(67, 3), 96, 11, 4, padding="valid"),
    convolution(image(28, 1), 16, 11),
    # Windows of 3×3 from the wide end to the narrow one.
    convolution(image(56, 64), 64, 3),
    convolution(image(32, 64), 64, 3),
    convolution(image(28, 128), 32, 3),
    convolution(image(28, 128), 128, 3),
    convolution(image(14, 128, 32), 128, 3, quick=True, compiled=True),
    convolution(image(14, 256), 256, 3),
    convolution(image(7, 512), 512, 3),
    convolution(image(56, 64), 128, 3, 2),
    convolution(image(28, 128), 256, 3, 2),
    convolution(image(14, 256, 32), 512, 3, 2),
    convolution(image(28, 32), 32, 3, dilation_rate=2),
    # Windows of one pixel: bottlenecks, Inception, DenseNet.
    convolution(image(56, 64), 256, 1),
    convolution(image(56, 256), 64, 1),
    convolution(image(28, 512), 128, 1, quick=True),
    convolution(image(14, 256, 32), 128, 1),
    convolution(image(7, 512, 32), 512, 1),
    convolution(image(28, 256), 512, 1, 2),
    # Large windows and groups.
    convolution(image(28, 16), 32, 5),
    convolution(image(14, 32, 32), 64, 5),
    convolution(image(14, 96), 256, 5, groups=2),
    convolution(image(7, 384), 384, 3, groups=2),
    depthwise(image(56, 32), 3),
    depthwise(image(56, 64), 3, 2),
    depthwise(image(28, 128), 3, quick=True, compiled=True),
    depthwise(image(14, 512), 3),
    depthwise(image(7, 512, 32), 3),
    Case(
        "convolution", "SeparableConv2D", (128, 3), image(28, 64), {"padding": "same"}
    ),
    Case(
        "convolution", "Conv2DTranspose", (32, 3, 2), image(14, 64), {"padding": "same"}
    ),
    Case(
        "convolution", "Conv2DTranspose", (64, 4, 2), image(7, 128), {"padding": "same"}
    ),
)

POOLING = (
    Case("pooling", "MaxPooling2D", (2,), image(28, 32, 32), quick=True),
    Case("pooling", "MaxPooling2D", (2,), image(14, 512)),
    Case("pooling", "MaxPooling2D", (3, 2), image(56, 64), compiled=True),
    Case("pooling", "MaxPooling2D", (3, 1), image(14, 256), {"padding": "same"}),
    Case("pooling", "AveragePooling2D", (2,), image(28, 128)),
    Case("pooling", "AveragePooling2D", (5, 3), image(14, 512)),
    Case("pooling", "GlobalAveragePooling2D", (), image(7, 512, 32)),
    Case("pooling", "GlobalMaxPooling2D", (), image(7, 512, 32)),
)

NORMALIZATION = (
    Case("normalization", "BatchNormalization", (), image(56, 64)),
    Case(
        "normalization",
        "BatchNormalization",
        (),
        image(28, 128, 32),
        quick=True,
        compiled=True,
    ),
    Case("normalization", "BatchNormalization", (), image(14, 256)),
    Case("normalization", "BatchNormalization", (), image(7, 512, 32)),
    Case("normalization", "BatchNormalization", (), (32, 512)),
    Case("normalization", "LayerNormalization", (), (32, 64, 256)),
    Case("normalization", "LayerNormalization", (), image(28, 128)),
    Case(
        "normalization",
        "LocalResponseNormalization",
        (),
        image(28, 96),
        twin="stand-in",
    ),
    Case(
        "normalization",
        "LocalResponseNormalization",
        (),
        image(14, 192),
        twin="stand-in",
    ),
)

DENSE = (
    Case("dense and activations", "Dense", (512,), (32, 784), quick=True),
    Case("dense and activations", "Dense", (4096,), (8, 512), {"activation": "relu"}),
    Case("dense and activations", "Dense", (10,), (32, 512)),
    Case(
        "dense and activations",
        "relu",
        (),
        image(28, 64, 32),
        quick=True,
        compiled=True,
    ),
    Case("dense and activations", "relu", (), image(7, 512)),
    Case("dense and activations", "leaky_relu", (), image(28, 64, 32)),
    Case("dense and activations", "gelu", (), image(28, 64, 32)),
    Case("dense and activations", "silu", (), image(28, 64, 32)),
    Case("dense and activations", "softmax", (), (32, 10)),
    Case("dense and activations", "softmax", (), (32, 1000)),
    Case("dense and activations", "log_softmax", (), (32, 1000)),
    Case("dense and activations", "Dropout", (0.5,), (32, 4096), random=True),
    Case("dense and activations", "Embedding", (10_000, 256), (32, 64), below=10_000),
)

RESHAPING = (
    Case("reshaping", "UpSampling2D", (2,), image(14, 128), quick=True),
    Case(
        "reshaping", "UpSampling2D", (2,), image(14, 64), {"interpolation": "bilinear"}
    ),
    Case("reshaping", "ZeroPadding2D", (1,), image(28, 64)),
    Case("reshaping", "ZeroPadding2D", (3,), image(56, 3, 32)),
)

DRAWN = {"passes": ("forward",), "random": True}
AUGMENTATION = (
    Case("augmentation", "RandomFlip", ("horizontal",), image(32, 3, 32), **DRAWN),
    Case("augmentation", "RandomCrop", (32, 32), image(40, 3, 32), **DRAWN),
    Case("augmentation", "MixUp", (0.2,), image(32, 3, 32), **DRAWN),
)

BLOCKS = (
    Case("blocks", "ResidualBlock", (64,), image(28, 64), twin="parts", quick=True,
         compiled=True),
    Case("blocks", "ResidualBlock", (256, 2), image(14, 128), twin="parts"),
    Case("blocks", "BottleneckBlock", (64,), image(14, 256), twin="parts"),
    Case("blocks", "InceptionBlock", (64, 96, 128, 16, 32, 32), image(14, 192), twin="parts"),
    Case(
        "blocks", "AuxiliaryClassifier", (10, 128, 1024, 0.0), image(14, 512), twin="parts"
    ),
    Case("blocks", "DenseBlock", (3,), image(14, 64), twin="parts"),
    Case("blocks", "TransitionBlock", (), image(28, 128), twin="parts"),
    Case("blocks", "DepthwiseSeparableBlock", (128,), image(28, 64), twin="parts"),
)  # fmt: skip


def model(name, arguments, shape, twin="parts", **rest) -> Case:
    keywords = rest.pop("keywords", {})
    return Case(
        "models", name, arguments, shape, keywords, twin=twin, classes=10, **rest
    )


MODELS = (
    model("FCNN", ((512, 256), 10, 0.0), (8, 28, 28), quick=True),
    model("SimpleCNN", (), image(28, 1), keywords={"dropout_rate": 0.0}),
    model("LeNet5", (), image(32, 1)),
    model(
        "AlexNet", (10, "cifar"), image(32, 3), keywords={"units": 512, "dropout_rate": 0.0}
    ),
    model("VGG16", (10, 4096, 0.0), image(32, 3), twin="application"),
    model("ResNet18", (10, "cifar"), image(32, 3)),
    model("ResNet50", (10,), image(64, 3), long=True),
    model(
        "GoogLeNet", (10, False), image(64, 3), keywords={"dropout_rate": 0.0}, long=True
    ),
    model("DenseNet121", (10,), image(64, 3), twin="application", long=True),
    model("MobileNet", (1.0, 10), image(64, 3), twin="application", long=True),
)  # fmt: skip

CASES = (
    CONVOLUTIONS
    + POOLING
    + NORMALIZATION
    + DENSE
    + RESHAPING
    + AUGMENTATION
    + BLOCKS
    + MODELS
)
