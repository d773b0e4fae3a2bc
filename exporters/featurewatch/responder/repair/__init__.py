"""Automatic repair: wished states, declared beside the alert, made true within guard rails and verified."""
