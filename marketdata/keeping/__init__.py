"""Keeps bars and trades on the disk, so that they outlive a restart."""
