"""The fast path: plain requests are answered without ASGI. It uses private parts of uvicorn's
protocol; without it every request takes the ASGI route."""
