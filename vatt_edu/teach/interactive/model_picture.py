"""The picture of the model that stands at the top of every chapter, with the chapter's part lit."""


def show_model(part: str) -> None:
    """Displays the model with one part lit.

    Args:
        part: A chapter of the book.
    """
