"""The simulated Borsa Istanbul behind AlgoLab's protocol: shares, an index and the dollar."""
