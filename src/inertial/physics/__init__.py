"""Physics without a framework: one map, six numbers, and what they mean."""
