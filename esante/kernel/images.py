"""Pictures that people send: decoded and made anew, so that nothing of the sent file is kept but what is seen.

PNG and JPEG only; the declared kind, the structure and the decoder must agree. Position, camera and other hidden data are gone.
"""

import io
import threading
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec
from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from PIL import Image, ImageOps

from esante.kernel.errors import Invalid, TooLarge, UnsupportedType

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 32_000_000
"""Decoded, a picture takes four bytes a pixel."""
SLACK = 64 * 1024
"""What a form may add around the file."""
KINDS = {"image/png": "PNG", "image/jpeg": "JPEG"}

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
_one_at_a_time = threading.Lock()


class Picture(msgspec.Struct, frozen=True):
    """A picture, made anew."""

    data: bytes
    media_type: Literal["image/png", "image/jpeg"]
    width: int
    height: int


async def receive(request: Request[Any, Any, Any], most: int = MOST_BYTES) -> tuple[bytes, str]:
    """The file in a request and its declared kind: the body itself, or the first file of a form. Never on disk.

    More than `most` bytes is `TooLarge` as soon as they come; anything but a PNG or JPEG is `UnsupportedType`.
    """
    declared, options = parse_options_header(request.headers.get("content-type", ""))
    if declared == "multipart/form-data":
        try:
            return await _from_form(request.stream(), options.get("boundary", ""), most)
        except MultipartError:
            raise Invalid("This form cannot be read; send one file, or the picture as the body", field="file") from None
    _must_be_picture(declared)
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        _must_fit(len(whole), most)
    return bytes(whole), declared


def remake(data: bytes, declared: str, most_side: int, into: Literal["PNG", "JPEG"] = "PNG") -> Picture:
    """Decode, turn upright, shrink to `most_side`, encode. Takes a while: call it in a thread.

    What is no picture, is another kind than declared, is damaged, or has too many pixels is `Invalid`.
    """
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(data), formats=list(KINDS.values())) as sent:
                if sent.format != KINDS[declared]:
                    raise Invalid("The file is not what it says it is", code="FALSE_TYPE", field="file")
                if sent.width * sent.height > MOST_PIXELS:
                    raise Invalid("The picture has too many pixels", field="file")
                sent.draft("RGB", (most_side, most_side))
                upright = ImageOps.exif_transpose(sent)
                return _encode(upright, most_side, into)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise Invalid("This picture cannot be read", code="NOT_A_PICTURE", field="file") from None


def _encode(upright: Image.Image, most_side: int, into: Literal["PNG", "JPEG"]) -> Picture:
    upright.thumbnail((most_side, most_side), Image.Resampling.LANCZOS)
    clear = into == "PNG" and upright.has_transparency_data
    plain = upright.convert("RGBA" if clear else "RGB")
    fresh = Image.new(plain.mode, plain.size)  # the old one's metadata does not come along
    fresh.paste(plain)
    out = io.BytesIO()
    fresh.save(out, into, optimize=True)
    return Picture(out.getvalue(), "image/png" if into == "PNG" else "image/jpeg", *fresh.size)


async def _from_form(chunks: AsyncIterator[bytes], boundary: str, most: int) -> tuple[bytes, str]:
    whole, declared = bytearray(), ""
    inside = False
    with PushMultipartParser(boundary) as parser:
        async for chunk in chunks:
            for piece in parser.parse(chunk):
                if isinstance(piece, MultipartSegment):
                    inside = piece.filename is not None and not declared
                    if inside:
                        declared = piece.content_type or ""
                        _must_be_picture(declared)
                elif piece and inside:
                    whole += piece
                    _must_fit(len(whole), most)
            if parser.closed:
                break
    if not declared:
        raise Invalid("Send one file", field="file")
    return bytes(whole), declared


def _must_be_picture(declared: str) -> None:
    if declared not in KINDS:
        raise UnsupportedType("Send a PNG or a JPEG", code="UNSUPPORTED_TYPE")


def _must_fit(size: int, most: int) -> None:
    if size > most:
        raise TooLarge("The file is larger than {most} bytes", most=most)
