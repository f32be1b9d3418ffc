"""The console over HTTP: a module for each of its sides. It reads the state, or forwards a request."""
