"""The ways out of the house, one module each, of one shape: `async deliver(clinic, task)`."""
