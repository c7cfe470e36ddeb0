from whipstitch_client import Client as Client

__version__: str
