from pathlib import Path

import pytest

from sluice.data.encodings import check_encoding, explain_undecodable, reading_codec


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "latin-1", "cp1252", "utf-16"])
def test_text_encodings_are_known(name: str) -> None:
    assert check_encoding(name) == name


@pytest.mark.parametrize("name", ["utf-9", "base64", "rot13", ""])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="usual ones: utf-8"):
        check_encoding(name)


def test_only_utf_8_skips_a_mark_of_its_own() -> None:
    assert reading_codec("UTF8") == "utf-8-sig"
    assert reading_codec("latin-1") == "latin-1"


@pytest.mark.parametrize(
    ("content", "encoding", "place", "suggestion"),
    [
        ("text\ncafé\n".encode("cp1252"), "utf-8", "byte 8 (line 2) is 0xe9", "cp1252"),
        (b"text\n\x81\n", "utf-8", "byte 5 (line 2) is 0x81", "latin-1"),
        ("text\ncafé\n".encode(), "ascii", "byte 8 (line 2) is 0xc3", "utf-8"),
        ("text\n".encode("utf-16"), "utf-8", "byte 0 (line 1) is 0xff", "utf-16"),
        (b"text\n", "utf-16", "byte 0 (line 1) is 0x74", "utf-8"),
        (b"a\n" * 600_000 + b"\xff", "utf-8", "byte 1,200,000 (line 600,001) is 0xff", "cp1252"),
        (b"a\n" * (2**19 - 1) + b"a\xc3\xff", "utf-8", "byte 1,048,575 (line 524,288)", "cp1252"),
    ],
)
def test_the_first_bad_byte_and_what_would_read_it(
    content: bytes, encoding: str, place: str, suggestion: str, tmp_path: Path
) -> None:
    path = tmp_path / "texts.csv"
    path.write_bytes(content)
    message = explain_undecodable(path, encoding)
    assert place in message
    assert f"set ingest.encoding to {suggestion}," in message
