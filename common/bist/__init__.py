"""The rules of Borsa Istanbul: the code, and the figures as data with dates."""
