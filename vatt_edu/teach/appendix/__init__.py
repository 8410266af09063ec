"""What the book's appendices are made of: claims and their evidence, the names of the library, the sheet."""
