"""Speed, both sides in one run: `python -m benchmarks.NAME`. Run by hand, never as a test."""
