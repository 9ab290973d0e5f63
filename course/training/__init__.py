"""Trains a network of the course on a data set: what `layerwise train` does."""

from course.training.checkpoints import CannotResume
from course.training.loop import Outcome, Settings, asked, train
from course.training.networks import NETWORKS, CannotTrain

__all__ = [
    "NETWORKS",
    "CannotResume",
    "CannotTrain",
    "Outcome",
    "Settings",
    "asked",
    "train",
]
