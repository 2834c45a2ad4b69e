"""Makes text from outside safe to print: a terminal obeys what it does not show.

In: any text. Out: the same with what steers a terminal as escapes. It prints nothing itself.
"""


def escape_controls(text: str, kept: str = "") -> str:
    """Escape what would steer a terminal in foreign text, but for the letters of `kept`."""
    return "".join(one if one.isprintable() or one in kept else ascii(one)[1:-1] for one in text)
