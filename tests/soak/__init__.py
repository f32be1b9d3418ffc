"""Market data under random faults for minutes: does it ever show a wrong book, dial too often, or grow?"""
