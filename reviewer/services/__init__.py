"""What the desk does: one class a file, and each public method is one transaction with its records."""
