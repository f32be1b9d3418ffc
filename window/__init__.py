"""The window on the container engine: this stack's own containers, to look at and nothing else."""
