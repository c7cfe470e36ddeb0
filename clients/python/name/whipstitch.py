"""``import whipstitch`` where the server is not installed: the client.

The server's package has the same name and gives ``Client``, too. Where both are in one directory,
Python takes the package before this module. An editable installation of the server stands behind
it in ``sys.path``: then this module hands over to the package."""

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec


def _server() -> ModuleSpec | None:
    for place in sys.path:
        spec = PathFinder.find_spec(__name__, [place])
        # A folder of this name without an __init__.py has no loader that runs anything.
        if spec and spec.submodule_search_locations and spec.origin:
            return spec
    return None


if __name__ == "whipstitch" and (_found := _server()) and _found.loader:
    _module = module_from_spec(_found)
    sys.modules[__name__] = _module
    _found.loader.exec_module(_module)
else:
    from whipstitch_client import Client, __version__

    __all__ = ["Client", "__version__"]
