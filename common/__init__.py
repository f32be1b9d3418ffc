"""What crosses a service border, and nothing else."""

VERSION = "0.1.0"
