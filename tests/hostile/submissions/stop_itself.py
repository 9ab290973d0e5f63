"""Stops itself and is never continued."""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
