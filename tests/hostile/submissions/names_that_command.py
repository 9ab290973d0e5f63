"""Names and texts that would command a terminal, a web page or a spreadsheet."""

import keras

NAME = "[red]=HYPERLINK(1)\x1b[2J<script>alert(1)</script>" * 100
Odd = type(NAME, (Exception,), {})


class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def set_weights(self, weights):
        print("\x1b]0;title\x07\x1b[2J\r10 passed")
        raise Odd(NAME)
