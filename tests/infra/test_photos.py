"""Photos of findings: only photos, each once, apart by tenant."""

import pytest

from contracts.errors import DataError
from infra.photos import MOST_BYTES, Photos

JPEG = b"\xff\xd8\xff\xe0" + b"picture"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "


@pytest.mark.parametrize(
    ("payload", "media"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")]
)
def test_a_photo_comes_back_as_it_was(tmp_path, payload, media):
    photos = Photos(tmp_path / "photos")
    name = photos.save("acme", payload)
    assert photos.save("acme", payload) == name
    assert photos.find("acme", name) == (payload, media)
    assert len(list(tmp_path.rglob("*.*"))) == 1


def test_nobody_sees_another_tenants_photos(tmp_path):
    photos = Photos(tmp_path)
    name = photos.save("acme", JPEG)
    assert photos.find("other", name) is None
    assert photos.find("..", name) is None


@pytest.mark.parametrize(
    "payload", [b"", b"<svg/>", b"GIF89a", b"%PDF-1.7", JPEG + b"x" * MOST_BYTES]
)
def test_what_is_no_photo_is_refused(tmp_path, payload):
    with pytest.raises(DataError, match="photo"):
        Photos(tmp_path).save("acme", payload)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "x.jpg", "../../etc/passwd", "a" * 64, f"{'a' * 64}.exe"])
def test_a_made_up_name_finds_nothing(tmp_path, name):
    Photos(tmp_path).save("acme", JPEG)
    assert Photos(tmp_path).find("acme", name) is None
