"""What is known of every symbol: books, trades, bars, and the latest of all, each change with its sequence."""
