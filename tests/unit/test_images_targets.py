"""What a cell's text names, and which addresses are public."""

from ipaddress import ip_address, ip_network

import pytest

from images.formats import sniff
from images.guard import is_public, refusal
from images.resolver import look_up
from images.results import Problem
from images.targets import Data, Local, Web, read_target, web_target


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTP://EXAMPLE.org:80/A?b=c#d", "http://example.org/A?b=c"),
        ("http://example.org:8080/a b.jpg", "http://example.org:8080/a%20b.jpg"),
        ("http://example.org/ä%20ö.jpg?q=ü", "http://example.org/%C3%A4%20%C3%B6.jpg?q=%C3%BC"),
        ("http://example.org/100%.jpg", "http://example.org/100%.jpg"),
        ("http:\\\\example.org\\a.jpg", "http://example.org/a.jpg"),
        ("“https://example.org/a.jpg”", "https://example.org/a.jpg"),
        ("https://user:secret@example.org/a.jpg", "https://example.org/a.jpg"),
        ("https://my_bucket.example.org/a.jpg", "https://my_bucket.example.org/a.jpg"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://[2606:4700::1111]:443/", "https://[2606:4700::1111]/"),
        ("www.example.org/a/b.jpg?x=1", "http://www.example.org/a/b.jpg?x=1"),
        ("192.0.2.7:8080/cat.jpg", "http://192.0.2.7:8080/cat.jpg"),
        ("https://drive.google.com/file/d/1AbCdEfGhIjK/view", "https://drive.google.com/uc?export=download&id=1AbCdEfGhIjK"),
    ],
)  # fmt: skip
def test_addresses_get_one_spelling(text: str, url: str) -> None:
    target = read_target(text)
    assert isinstance(target, Web)
    assert target.url == url
    assert read_target(url) == target


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("http://", "not_a_url"),
        ("http://exa mple.org/", "not_a_url"),
        ("http://example.org:99999/", "not_a_url"),
        ("http://example.org:8o/", "not_a_url"),
        ("http://[::1/", "not_a_url"),
        ("http://" + "a" * 64 + ".org/", "not_a_url"),
        ("http://a..b/", "not_a_url"),
        ("ftp://example.org/a.jpg", "refused_address"),
        ("mailto:ann@example.org", "refused_address"),
    ],
)
def test_what_is_no_address_says_why(text: str, status: str) -> None:
    target = read_target(text)
    assert isinstance(target, Problem)
    assert (target.status, target.reason.endswith(".")) == (status, True)


@pytest.mark.parametrize(
    "text", ["cat.jpg", "photos/cat.jpg", "./a.org/cat.jpg", "file:///a.jpg", "/a.jpg", "C:\\a.jpg", "URL"]
)
def test_other_texts_may_be_paths(text: str) -> None:
    assert read_target(text) == Local(text)


def test_data_uris_are_kept_as_they_are() -> None:
    assert read_target("data:image/gif;base64,R0lGODc=") == Data("data:image/gif;base64,R0lGODc=")


def test_redirects_count_from_where_they_stand() -> None:
    for location, url in {
        "b.jpg": "https://a.test/x/b.jpg",
        "/b.jpg": "https://a.test/b.jpg",
        "//c.test/b.jpg": "https://c.test/b.jpg",
        "?q=1": "https://a.test/x/a.jpg?q=1",
        "http://c.test/ä": "http://c.test/%C3%A4",
    }.items():
        target = web_target(location, "https://a.test/x/a.jpg")
        assert isinstance(target, Web)
        assert target.url == url


PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
    "169.253.1.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "192.169.1.1", "198.17.0.1", "198.20.0.1",
    "223.255.255.1",
    "2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "2400:cb00::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_neighbours_of_private_ranges_are_public(text: str) -> None:
    assert is_public(ip_address(text))
    assert refusal([ip_address(text)], 443, ()) is None
    assert refusal([ip_address(text)], 22, ()) == "Port 22 is not one that pictures are served on."


def test_an_allowed_network_lifts_both_rules_for_itself_only() -> None:
    networks = [ip_network("10.1.0.0/16")]
    assert refusal([ip_address("10.1.2.3")], 9000, networks) is None
    assert refusal([ip_address("10.2.0.1")], 80, networks) is not None
    assert refusal([ip_address("10.1.2.3"), ip_address("8.8.8.8")], 9000, networks) is not None


def test_an_address_is_its_own_answer() -> None:
    def nobody(_: str) -> list[object]:
        raise AssertionError("asked for an address")

    assert look_up(nobody, "192.0.2.7") == (ip_address("192.0.2.7"),)  # type: ignore[arg-type]
    assert look_up(nobody, "[::1]") == (ip_address("::1"),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\xff\xd8\xff\xdb", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF89a", "GIF"),
        (b"BM\0\0", "BMP"),
        (b"MM\0*", "TIFF"),
        (b"\0\0\1\0\1\0", "ICO"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "not_an_image"),
        (b"RIFF\0\0\0\0AVI ", "not_an_image"),
        (b"", "not_an_image"),
        (b"  \n", "not_an_image"),
        (b"<!-- x --><html>", "not_an_image"),
        (b'{"error": "gone"}', "not_an_image"),
        (b"%PDF-1.7", "not_an_image"),
        (b"8BPS\0\1", "unsupported_format"),
        (b"<?xml version='1.0'?>\n<!-- made by hand -->\n<svg width='1'>", "unsupported_format"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "unsupported_format"),
    ],
)
def test_content_decides_what_a_document_is(head: bytes, found: str) -> None:
    result = sniff(head)
    assert (result.status if isinstance(result, Problem) else result) == found
