"""What the server adds to an event from the request that carried it: the device from its
User-Agent, the place from its address."""
