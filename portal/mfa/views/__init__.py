"""The pages between the password and the portal, and a person's own pages about how they sign in."""
