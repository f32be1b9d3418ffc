"""Plays a tape of marketdata's: what came over the sockets, and the answers to REST calls."""
