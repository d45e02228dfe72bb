"""Many runs as a table: rows, columns, and the selection of rows."""
