"""Evidence: every sentence about momentum as an experiment with a verdict."""
