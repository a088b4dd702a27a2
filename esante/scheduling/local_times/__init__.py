"""The clinic's day and wall time of each coming visit, kept beside its instant: written anew when the clinic's zone changes."""
