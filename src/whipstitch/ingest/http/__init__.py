"""The HTTP side of ingestion: an ordinary ASGI route, and the fast path beside it, with one
service behind both, so that their answers are the same to the byte."""
