"""One small file a question: ``vatt experiment NAME`` trains what it asks for and writes ``results/NAME.json``."""
