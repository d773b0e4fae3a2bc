"""Keeps what alerts did, who acknowledged them and what was done about it; the rules escalate without it."""
