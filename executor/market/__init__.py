"""The market at hand: the executor's own copy of books, quotes and instruments, with ages that can't be too young."""
