"""Prints for ever."""

import sys

while True:
    print("10 passed " * 100_000)
    sys.stderr.write("x" * 1_000_000)
