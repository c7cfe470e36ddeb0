"""Events: lists, the live stream, export, the lexicon, screens."""
