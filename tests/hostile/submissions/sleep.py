"""Waits for ever, which costs no processor time."""

import time

while True:
    time.sleep(1000)
