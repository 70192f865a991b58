"""For test suites: sandboxes that a test starts for itself, typed calls of their control API, ready clients of known libraries.

The pytest plug-in is `cambist.testing.pytest_plugin`; pytest finds it by itself. Importing this package imports nothing else: what it
exports is imported when it is used, so that no suite starts more slowly for having Cambist installed.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cambist.sandbox.control.clock import Until
    from cambist.sandbox.control_client.async_control import AsyncControl
    from cambist.sandbox.control_client.calls import ControlError
    from cambist.sandbox.control_client.control import Control
    from cambist.testing.sandbox import Sandbox, SandboxFailed, User

__all__ = ["AsyncControl", "Control", "ControlError", "Sandbox", "SandboxFailed", "Until", "User"]

_PLACES = {
    "AsyncControl": "cambist.sandbox.control_client.async_control",
    "Control": "cambist.sandbox.control_client.control",
    "ControlError": "cambist.sandbox.control_client.calls",
    "Sandbox": "cambist.testing.sandbox",
    "SandboxFailed": "cambist.testing.sandbox",
    "Until": "cambist.sandbox.control.clock",
    "User": "cambist.testing.sandbox",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
