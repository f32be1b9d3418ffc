"""A trial of a candidate image: an executor of it and one of the image that runs are given equal orders."""
