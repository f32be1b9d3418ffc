"""The canary: looks at every service as a user would, computes a verdict and keeps the evidence."""
