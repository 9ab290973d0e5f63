"""Right, after it has changed every setting that it could find."""

import gc
import locale
import os
import warnings

import keras
import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")
np.set_printoptions(precision=1)
gc.disable()
os.umask(0o777)
os.environ.clear()
keras.utils.clear_session()
keras.utils.set_random_seed(1)

### THE REFERENCE
