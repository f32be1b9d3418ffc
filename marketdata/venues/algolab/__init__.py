"""Borsa Istanbul over AlgoLab: the broker's frames and answers, its login, and the parts that follow the exchange."""
