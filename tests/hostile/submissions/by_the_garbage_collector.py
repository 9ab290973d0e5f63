"""Keras's own layer, found among all objects."""

import gc

Conv2D = next(
    thing
    for thing in gc.get_objects()
    if isinstance(thing, type) and thing.__name__ == "Conv2D" and "keras" in thing.__module__
)
