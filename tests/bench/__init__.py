"""Benchmarks: what the program's promises come to on real material, measured side by side in one run."""
