"""The course's own part, which is the layer that was asked for."""

from course.parts import Conv2D as Part


class Conv2D(Part):
    pass
