"""How many frames per second one core takes in: the raw library, our whole path, and a well-known peer's."""
