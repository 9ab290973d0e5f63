"""Twins of GoogLeNet, DenseNet and MobileNet."""
