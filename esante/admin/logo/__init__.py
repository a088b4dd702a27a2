"""The clinic's logo."""
