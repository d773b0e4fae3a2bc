"""Objectives to Prometheus rules: planned, compiled, and tested from both sides of every threshold."""
