"""The ground floor: what two or more services use, and no business rule."""

VERSION = "0.1.0"
