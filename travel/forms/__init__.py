"""The forms of overseas travel, with their wording."""
