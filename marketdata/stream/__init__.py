"""Server-Sent Events: every client gets what changed, at its own pace."""
