"""Measures the figures of docs/benchmarks.md, each beside what it is compared with.

`python -m benchmarks [NAME…] [--quick] [--json FILE]`
"""
