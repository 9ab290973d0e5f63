"""Times, rates and errors of what computes the same in different ways.

`statistics`, `timing` and `system` need no Keras; `machine` and `convolutions` do.
"""
