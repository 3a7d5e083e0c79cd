"""The Python client alone, against answers that are written here."""
