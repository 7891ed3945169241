"""What the audit log says of joiners, movers, leavers and roles."""
