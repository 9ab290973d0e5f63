"""Right, but without standard streams."""

import os
import sys

for descriptor in (0, 1, 2):
    os.close(descriptor)
sys.stdin = sys.stdout = sys.stderr = None

### THE REFERENCE
