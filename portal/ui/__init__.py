"""What every page of the portal shares: forms, page classes, template tags. It has no models and imports no room."""
