//! Bytes that came for a picture: which kind of picture they are.
//!
//! What is said of them (`Content-Type`, the ending of the address) does not count: hosts
//! that refuse a picture send a page under its name. What this module refuses: everything
//! but PNG, JPEG, GIF, WebP and AVIF, SVG among it, which can hold scripts.

/// The ending of a file with `bytes` in it; none where they are no picture.
pub fn ending(bytes: &[u8]) -> Option<&'static str> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    match bytes {
        b if b.starts_with(PNG) => Some("png"),
        b if b.starts_with(b"\xff\xd8\xff") => Some("jpg"),
        b if b.starts_with(b"GIF87a") || b.starts_with(b"GIF89a") => Some("gif"),
        b if b.starts_with(b"RIFF") && b.get(8..12) == Some(b"WEBP") => Some("webp"),
        b if is_avif(b) => Some("avif"),
        _ => None,
    }
}

/// Whether a file of boxes (ISO/IEC 14496-12) names AVIF among its brands.
fn is_avif(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    let brands = &brands[..brands.len().min(length.saturating_sub(8))];
    // The major one, its version, then those it is compatible with.
    brands.chunks_exact(4).enumerate().any(|(n, brand)| n != 1 && (brand == b"avif" || brand == b"avis"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some("png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", Some("jpg")),
            (b"\xff\xd8\xff\xe1\0\x10Exif\0", Some("jpg")),
            (b"GIF87a\x01\0\x01\0", Some("gif")),
            (b"GIF89a\x01\0\x01\0", Some("gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("webp")),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", Some("avif")),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Some("avif")),
        ] {
            assert_eq!(ending(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn everything_else_is_no_picture() {
        for bytes in [
            &b""[..],
            b"<!DOCTYPE html><html></html>",
            b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"<svg onload=\"alert(1)\"/>",
            b" GIF89a",
            b"GIF88a",
            b"\x89PNG",
            b"\xff\xd8",
            b"RIFF\x10\0\0\0WAVEfmt ",
            b"RIFF",
            b"BM\x36\0\0\0",
            b"%PDF-1.7",
            b"{\"errcode\": 1}",
            // HEIC, a film, AVIF as a version or behind the box.
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x18ftypisom\0\0\0\0mp41avc1",
            b"\0\0\0\x10ftypheicavif",
            b"\0\0\0\x14ftypheic\0\0\0\0mif1avif",
            b"\0\0\0\0ftypavif",
            b"\xff\xff\xff\xffftyp",
        ] {
            assert_eq!(ending(bytes), None, "{}", bytes.escape_ascii());
        }
    }
}
