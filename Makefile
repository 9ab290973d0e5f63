# Everything is in run.py, which needs Python 3.11–3.13 and nothing else.
PYTHON ?= python3

.PHONY: demo test parity lint bench

demo test parity lint bench:
	@$(PYTHON) run.py $@
