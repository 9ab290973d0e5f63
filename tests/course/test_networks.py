"""The table of networks has every size that their docstrings list."""

import pytest

from course.training import networks
from solutions.u06_classic_cnns import vgg
from solutions.u07_residual import resnet
from solutions.u08_efficient_cnns import densenet

DEPTHS = {
    "VGG": vgg.CONVOLUTIONS,
    "ResNet": resnet.BLOCKS,
    "DenseNet": densenet.BLOCKS,
}
SIZES = [name for name, network in networks.NETWORKS.items() if network.of]


@pytest.fixture(autouse=True)
def keras_layers(networks_of):
    with networks_of("keras"):
        yield


def test_every_depth_of_every_family_can_be_trained():
    names = {
        f"{family}{depth}" for family, depths in DEPTHS.items() for depth in depths
    }
    assert names <= set(networks.NETWORKS)


@pytest.mark.parametrize("name", SIZES)
def test_a_size_is_what_its_name_says(name):
    prepared = networks.prepared(name, "digits")
    model = networks.made(name, prepared)
    config = model.get_config()
    size = config["alpha"] if "alpha" in config else config["depth"]
    assert f"{type(model).__name__}{size}" == name
    assert config["num_classes"] == 10


@pytest.mark.parametrize("name", ["VGG11", "ResNet34", "MobileNet0.25"])
def test_a_size_reads_its_data(name):
    prepared = networks.prepared(name, "digits")
    model = networks.made(name, prepared)
    assert model(prepared.x_test[:2]).shape == (2, 10)
    assert networks.whose(model) in ("keras", "keras+solutions")
