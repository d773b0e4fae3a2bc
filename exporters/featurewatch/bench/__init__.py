"""Benchmarks that state a goal per row and fail when it is missed."""
