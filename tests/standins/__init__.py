"""Small stand-ins for packages that the user guide shows but this package does not need."""
