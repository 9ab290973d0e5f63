"""Right, but loud: what is put before the reference to make it so."""

import logging
import os
import sys
import warnings

logging.basicConfig(level=logging.DEBUG)
logging.getLogger().error("a record that means nothing")
warnings.simplefilter("always")
warnings.warn("a warning that means nothing")
print("Traceback (most recent call last):", "\x1b[31mFAILED\x1b[0m \udcff", file=sys.stderr)
sys.stderr.write("E   AssertionError: 0 != 1\n" * 100)
os.write(2, b"\xff\xfe not text \x00\n" * 100)
print("1 failed, 0 passed", "é" * 1000)

### THE REFERENCE
