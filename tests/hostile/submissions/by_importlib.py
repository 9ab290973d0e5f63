"""Keras's own layer through the machinery of imports."""

import importlib

Conv2D = importlib.import_module("keras.layers").Conv2D
