"""Grading of submissions (trusted) and the sandbox they run in (untrusted)."""
