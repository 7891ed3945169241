"""The room for which tools staff may use, for what, on which device."""
