"""Images: decoded within bounds, turned upright, in sRGB, without metadata, scaled down.

An image is always encoded again, so nothing of the received bytes is stored: neither its place and
its camera, nor what was hidden behind or between its pixels.
"""

import io
import warnings
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageFile, ImageOps

from marketplace.domain.attachments import MAX_PIXELS, MAX_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS
from marketplace.media.refusals import DAMAGED, FileRefusedError

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
}
_QUALITY, _THUMBNAIL_QUALITY = 88, 80
# Modes that every format here can store; others are converted.
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")

pillow_heif.register_heif_opener(thumbnails=False)
ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Above the bound it warns, and raises only above twice the bound.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def prepare(source: Path, content: Path, thumbnail: Path, media_type: str) -> dict[str, Any]:
    """Write the image and its thumbnail; returns what it is.

    Raises:
        FileRefusedError: it is damaged, has too many pixels, or is no image.
    """
    try:
        image = _decoded(source, _FORMATS[media_type])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefusedError(
            f"The image has more than {MAX_PIXELS // 1_000_000} megapixels."
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # how Pillow reports damage
        raise FileRefusedError(DAMAGED) from error
    stored_type = "image/jpeg" if media_type == "image/heic" else media_type
    _save(image, content, stored_type)
    width, height = image.size
    image.thumbnail((THUMBNAIL_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS))
    image.save(thumbnail, "WEBP", quality=_THUMBNAIL_QUALITY)
    return {"media_type": stored_type, "has_thumbnail": True, "width": width, "height": height}


def _decoded(source: Path, format_: str) -> Image.Image:
    with Image.open(source, formats=[format_]) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise Image.DecompressionBombError
        # A JPEG is decoded at a fraction of its size, as long as it stays large enough.
        opened.draft(None, (MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
        opened.load()
        profile = opened.info.get("icc_profile")
        image = ImageOps.exif_transpose(opened)
    image.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
    image = _in_srgb(_in_plain_mode(image, profile), profile)
    image.info = {}  # encoders write what they find here
    return image


def _in_plain_mode(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in a mode with one byte for each value; CMYK stays if a profile explains it."""
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    if image.mode == "CMYK" and profile:
        return image
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode.startswith("I"):  # 16 bits
        return image.point(lambda value: value / 256).convert("L")
    return image.convert("L" if image.mode == "1" else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as sRGB, since the profile is metadata and is dropped."""
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGBA" if image.mode == "RGBA" else "RGB",
            )
        except ImageCms.PyCMSError:  # a damaged profile, or one of another colour space
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB") if image.mode == "CMYK" else image


def _save(image: Image.Image, content: Path, media_type: str) -> None:
    if media_type == "image/png":
        image.save(content, "PNG")
    elif media_type == "image/webp":
        image.save(content, "WEBP", quality=_QUALITY)
    else:
        opaque = image.convert("RGB") if image.mode == "RGBA" else image
        opaque.save(content, "JPEG", quality=_QUALITY)
