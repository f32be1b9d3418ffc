"""The canary: probes every service as a user would, computes a verdict and keeps evidence."""
