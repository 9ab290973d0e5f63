"""Opens a pipe that nobody writes to."""

import os

os.mkfifo("pipe")
open("pipe").read()
