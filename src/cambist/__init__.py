"""An exchange in one package. What may be relied on from outside is listed in docs/reference/python-api.md."""

__all__ = ["__version__"]

__version__ = "0.1.0"
