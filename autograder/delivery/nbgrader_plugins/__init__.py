"""What Layerwise puts in the place of nbgrader's own parts.

A course's nbgrader_config.py, which `layerwise release nbgrader` writes, names them; from
there nbgrader's own commands and its formgrader use them.
"""

import os
import sys
from pathlib import Path

# nbgrader calls the command `alembic` by its name when it makes a gradebook; where the
# environment is not activated, that is beside Python and nowhere else.
_BIN = str(Path(sys.executable).parent)
if _BIN not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), _BIN])
