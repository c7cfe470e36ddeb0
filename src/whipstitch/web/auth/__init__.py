"""Who asks: sessions, tokens, and what browsers are told to allow."""
