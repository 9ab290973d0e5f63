"""The trusted side: checks, oracles, comparison, explanations, scores."""
