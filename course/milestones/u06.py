"""The first convolutional networks on digits, and a deep one on photographs."""

from course.milestones.trained import Goal

GOALS = (
    Goal("SimpleCNN", "digits", 0.98, epochs=12, batch_size=32, minutes=0.5),
    Goal("LeNet5", "mnist", 0.989, epochs=10, batch_size=32, minutes=60),
    Goal("VGG16", "cifar100", None, epochs=3, batch_size=64, minutes=35),
)
