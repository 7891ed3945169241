"""The room for which clearance work needs, and who holds what until when."""
