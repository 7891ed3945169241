"""The pages of overseas travel."""
