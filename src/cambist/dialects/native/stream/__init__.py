"""The native API's stream."""
