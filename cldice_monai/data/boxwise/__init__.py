"""Volumes that stay on the disk: boxes of them are read and written on request."""
