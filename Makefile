# Everything is in run.py, which needs Python 3.11–3.13 and nothing else.
PYTHON ?= python3

.PHONY: demo test lint bench

demo test lint bench:
	@$(PYTHON) run.py $@
