"""NVIDIA GPUs through NVML: what a scrape sees of each (device), and what happens when one falls off the bus (gpus)."""
