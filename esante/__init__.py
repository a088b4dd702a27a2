"""esante: a clinic in a box. One process, one encrypted file, every access audited."""

__version__ = "0.1.0"
