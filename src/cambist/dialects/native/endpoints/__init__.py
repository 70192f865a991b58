"""What the native API's endpoints do: a file for each family of nouns, a function for each endpoint."""
