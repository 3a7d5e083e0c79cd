"""HTTP: falcon resources over the use cases, and how requests are read and responses written."""
