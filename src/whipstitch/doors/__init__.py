"""The doors through which clients send: an ordinary ASGI route and the express lane, with one
intake behind both, so that their answers are the same to the byte."""
