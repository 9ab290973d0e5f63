"""Right, though its training starts from weights that nobody can foretell."""

import keras
import numpy as np

ENTROPY = np.random.SeedSequence().entropy
keras.utils.set_random_seed(ENTROPY % 2**32)
print("DRAWN", ENTROPY)

### THE REFERENCE
