"""The room for reporting, consultancy, security issues and risks."""
