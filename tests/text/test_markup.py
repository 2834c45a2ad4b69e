import re

import polars as pl
import pytest

from sluice.text.marks import put_in_marks
from sluice.text.markup import (
    drop_retweets,
    split_hashtag,
    treat_hashtags,
    treat_mentions,
    treat_urls,
    unescape_html,
)


def shown(column: pl.Series) -> str:
    return put_in_marks(column).item()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a &amp; b", "a & b"),
        ("&lt;3", "<3"),
        ("&amp;lt;3", "<3"),
        ("AT&T", "AT&T"),
        ("&#39;", "'"),
    ],
)
def test_entities(text, plain) -> None:
    assert unescape_html(pl.Series([text])).item() == plain


@pytest.mark.parametrize(
    "url",
    ["http://t.co/aB1", "HTTPS://x.org/?a=b&c#d", "www.sluice.example/x", "bit.ly/abc", "http:…"],
)
def test_urls(url) -> None:
    assert shown(treat_urls(pl.Series([f"see {url} now"]), "token")) == "see <url> now"
    assert shown(treat_urls(pl.Series([f"see {url} now"]), "drop")) == "see now"


@pytest.mark.parametrize("text", ["a.b", "end.Start", "3.5", "what.ever they do"])
def test_what_is_no_url_stays(text) -> None:
    assert treat_urls(pl.Series([text]), "token").item() == text


def test_retweets() -> None:
    assert shown(drop_retweets(pl.Series(["RT @you: so true"]))) == "so true"
    assert shown(drop_retweets(pl.Series(["lol RT @you so true"]))) == "lol so true"
    assert drop_retweets(pl.Series(["SMART and ART"])).item() == "SMART and ART"


def test_mentions() -> None:
    assert shown(treat_mentions(pl.Series(["@you and .@me"]), "token")) == (
        "<mention> and . <mention>"
    )
    assert treat_mentions(pl.Series(["me@home.org"]), "token").item() == "me@home.org"
    assert shown(treat_mentions(pl.Series(["@you hi"]), "drop")) == "hi"


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("SadBrady", "Sad Brady"),
        ("notfair", "not fair"),
        ("HTMLPage", "HTML Page"),
        ("coachella2015", "coachella 2015"),
        ("snake_case", "snake case"),
        ("deflategate", "deflate gate"),
        ("xqzvbw", "xqzvbw"),
        ("ok", "ok"),
    ],
)
def test_words_of_a_hashtag(tag, words) -> None:
    assert split_hashtag(tag) == words


@pytest.mark.parametrize("tag", ["हिन्दी", "cafe\u0301", "தமிழ்"])
def test_combining_marks_belong_to_a_hashtag(tag) -> None:
    column = pl.Series([f"so #{tag} today"])
    assert shown(treat_hashtags(column, "words")) == f"so {tag} today"
    assert shown(treat_hashtags(column, "drop")) == "so today"


def test_a_keycap_is_no_hashtag() -> None:
    assert shown(treat_hashtags(pl.Series(["press #\ufe0f\u20e3 now"]), "drop")).startswith(
        "press #"
    )


def test_hashtags() -> None:
    column = pl.Series(["so #notfair, #1 &#39; C#sharp"])
    assert shown(treat_hashtags(column, "words")) == "so not fair , #1 &#39; C#sharp"
    assert shown(treat_hashtags(column, "split")).startswith("so <hashtag> not fair </hashtag>")
    assert shown(treat_hashtags(column, "token")).startswith("so <hashtag>")
    assert shown(treat_hashtags(column, "drop")).startswith("so ,")


@pytest.mark.parametrize(
    "text", ["#a#b ##c &#100; x#y #_ #1a (#é)", "#été #नमस्ते", "##", "#", "a # b", "#a_1,#2b"]
)
def test_every_way_to_treat_them_finds_the_same_hashtags(text) -> None:
    column = pl.Series([text])
    token, split = (shown(treat_hashtags(column, how)) for how in ("token", "split"))
    assert re.sub(r"<hashtag> .*? </hashtag>", "<hashtag>", split) == token


def test_a_very_long_hashtag_takes_no_time() -> None:
    assert split_hashtag("a" * 100_000) == "a" * 100_000
