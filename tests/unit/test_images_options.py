"""What the command line says about fetching is checked before anything is fetched."""

import argparse

import pytest

from images.options import add_arguments


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--user-agent", "robot 中"),
        ("--user-agent", "robot\nCookie: a=b"),
        ("--referer", "*=https://例.example/"),
        ("--proxy", "socks5://proxy.example:1080"),
        ("--proxy", "http://[proxy.example"),
        ("--proxy", "proxy.example:99999"),
        ("--proxy", "http://ann:secret%E4%B8%AD@proxy.example:3128"),
    ],
)
def test_what_can_not_be_sent_is_refused_in_one_sentence(
    option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a password is not repeated."""
    with pytest.raises(SystemExit) as ended:
        parsed(option, text)
    said = capsys.readouterr().err
    assert (ended.value.code, f"argument {option}: " in said, "secret" in said) == (2, True, False)


@pytest.mark.parametrize(
    "proxy", ["proxy.example:3128", "https://ann:s%40cret@proxy.example", "http://[2001:db8::1]:3128/"]
)
def test_proxies_are_taken_as_they_are_written(proxy: str) -> None:
    options = parsed("--proxy", proxy, "--user-agent", "Bücherei/1.0", "--referer", "Example.org=https://example.org/")
    assert (options.proxy, options.user_agent) == (proxy, "Bücherei/1.0")
    assert options.referer == [("example.org", "https://example.org/")]
