"""The state of every symbol: books, trades, bars and the latest values. Each change has its sequence."""
