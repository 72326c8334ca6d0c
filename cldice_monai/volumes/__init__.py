"""Volumes that are larger than memory: reading, writing and measuring them part by part."""
