//! Compressed bytes into plain ones, within a limit.
//!
//! By hand rather than by the HTTP client: there a limit only counts what has been
//! unpacked already, a stream that ends early passes for a whole one, and several layers
//! of compression are taken off without asking. Here one layer is taken off, step by
//! step, and the stream's own end and checksum must be there.
//!
//! All decoders are Rust: these bytes are the most hostile ones there are.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::error::{BadEncoding, quoted};

/// What we read, for `Accept-Encoding`.
pub const ACCEPTED: &str = "gzip, br, zstd, deflate";

/// Largest window of a zstd frame (RFC 9659).
const ZSTD_WINDOW: u64 = 8 << 20;

/// Buffer of the brotli decoder for its input.
const BROTLI_BUFFER: usize = 4096;

/// A method of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// gzip.
    Gzip,
    /// zlib, or the bare stream that some servers send under the same name.
    Deflate,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
}

impl Method {
    /// The method that an answer's headers name; none when it is not compressed.
    ///
    /// # Errors
    /// Several layers, or a method that is not read here.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, BadEncoding> {
        let mut found = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            for name in value.as_bytes().split(|b| *b == b',') {
                let method = match name.trim_ascii().to_ascii_lowercase().as_slice() {
                    // Some name the character encoding here, or that there is none.
                    b"" | b"identity" | b"none" | b"utf-8" | b"utf8" => continue,
                    b"gzip" | b"x-gzip" => Method::Gzip,
                    b"deflate" => Method::Deflate,
                    b"br" => Method::Brotli,
                    b"zstd" => Method::Zstd,
                    _ => return Err(BadEncoding::Unknown(quoted(name.trim_ascii()))),
                };
                if found.replace(method).is_some() {
                    return Err(BadEncoding::Nested);
                }
            }
        }
        Ok(found)
    }

    fn name(self) -> &'static str {
        match self {
            Method::Gzip => "gzip",
            Method::Deflate => "deflate",
            Method::Brotli => "brotli",
            Method::Zstd => "zstd",
        }
    }
}

/// How far unpacking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpacked {
    /// To the end of the stream.
    All,
    /// As far as was allowed; there may be more.
    Part,
}

/// A compressed body being unpacked.
pub struct Unpacker<'a> {
    method: Method,
    packed: &'a [u8],
    decoder: Decoder<'a>,
}

enum Decoder<'a> {
    Gzip(GzDecoder<&'a [u8]>),
    Inflate(Inflater<'a>),
    Brotli(Box<brotli_decompressor::Decompressor<&'a [u8]>>),
    Zstd(Box<ruzstd::decoding::StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>),
}

impl<'a> Unpacker<'a> {
    /// Begins to unpack `packed`.
    ///
    /// # Errors
    /// It does not begin like the method says.
    pub fn new(method: Method, packed: &'a [u8]) -> Result<Self, BadEncoding> {
        let decoder = match method {
            Method::Gzip => Decoder::Gzip(GzDecoder::new(packed)),
            Method::Deflate => {
                Decoder::Inflate(Inflater { state: Decompress::new(is_zlib(packed)), rest: packed, ended: false })
            }
            Method::Brotli => Decoder::Brotli(Box::new(brotli_decompressor::Decompressor::new(packed, BROTLI_BUFFER))),
            Method::Zstd => Decoder::Zstd(Box::new(zstd(packed)?)),
        };
        Ok(Self { method, packed, decoder })
    }

    /// About how large the whole will be: a claim, good for reserving memory within limits.
    pub fn expected(&self) -> usize {
        let claimed = match (self.method, self.packed.last_chunk::<4>()) {
            (Method::Gzip, Some(size)) => usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX),
            (Method::Gzip | Method::Deflate | Method::Brotli | Method::Zstd, _) => self.packed.len().saturating_mul(5),
        };
        // No text is packed tighter than that.
        claimed.min(self.packed.len().saturating_mul(30))
    }

    /// Adds at most `most` bytes to `plain`.
    ///
    /// # Errors
    /// The bytes are damaged, or end before the stream does.
    pub fn read(&mut self, most: usize, plain: &mut Vec<u8>) -> Result<Unpacked, BadEncoding> {
        let before = plain.len();
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        loop {
            let left = limit - u64::try_from(plain.len() - before).unwrap_or(limit);
            if left == 0 {
                return Ok(Unpacked::Part);
            }
            let read = match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.take(left).read_to_end(plain),
                Decoder::Inflate(decoder) => decoder.take(left).read_to_end(plain),
                Decoder::Brotli(decoder) => decoder.take(left).read_to_end(plain),
                Decoder::Zstd(decoder) => decoder.take(left).read_to_end(plain),
            };
            let read = read.map_err(|_: io::Error| BadEncoding::Damaged(self.method.name()))?;
            if u64::try_from(read).unwrap_or(u64::MAX) < left && !self.next_member()? {
                return Ok(Unpacked::All);
            }
        }
    }

    /// Goes on with the next of several streams in a row; what else follows is padding.
    fn next_member(&mut self) -> Result<bool, BadEncoding> {
        match &mut self.decoder {
            Decoder::Gzip(decoder) => {
                let rest = *decoder.get_ref();
                let more = rest.starts_with(&[0x1f, 0x8b]);
                if more {
                    self.decoder = Decoder::Gzip(GzDecoder::new(rest));
                }
                Ok(more)
            }
            Decoder::Zstd(decoder) => {
                let frame = &decoder.decoder;
                let claimed = frame.get_checksum_from_data();
                if claimed.is_some() && claimed != frame.get_calculated_checksum() {
                    return Err(BadEncoding::Damaged("zstd"));
                }
                let rest = *decoder.get_ref();
                let more = rest.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
                if more {
                    self.decoder = Decoder::Zstd(Box::new(zstd(rest)?));
                }
                Ok(more)
            }
            Decoder::Inflate(_) | Decoder::Brotli(_) => Ok(false),
        }
    }
}

/// A zlib or deflate stream. Unlike the reader that comes with the decoder it tells an end
/// that is missing from one that has come.
struct Inflater<'a> {
    state: Decompress,
    rest: &'a [u8],
    ended: bool,
}

impl Read for Inflater<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let (read, written) = (self.state.total_in(), self.state.total_out());
        let status = self.state.decompress(self.rest, buffer, FlushDecompress::None)?;
        let read = usize::try_from(self.state.total_in() - read).unwrap_or(self.rest.len());
        let written = usize::try_from(self.state.total_out() - written).unwrap_or(buffer.len());
        self.rest = &self.rest[read.min(self.rest.len())..];
        self.ended = matches!(status, Status::StreamEnd);
        if written == 0 && !self.ended {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(written.min(buffer.len()))
    }
}

/// RFC 1950: a method of 8, a window that exists, a check of both bytes.
fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [a, b, ..] if a & 0x0f == 8 && a >> 4 <= 7 && u16::from_be_bytes([*a, *b]) % 31 == 0)
}

fn zstd(
    packed: &[u8],
) -> Result<ruzstd::decoding::StreamingDecoder<&[u8], ruzstd::decoding::FrameDecoder>, BadEncoding> {
    ruzstd::decoding::StreamingDecoder::new_with_max_window_size(packed, ZSTD_WINDOW)
        .map_err(|_| BadEncoding::Damaged("zstd"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::HeaderValue;

    use super::*;

    fn text() -> Vec<u8> {
        (0..5000).flat_map(|i| format!("<item>{i}</item>").into_bytes()).collect()
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// No encoder is at hand for brotli and zstd: blocks stored as they are.
    fn brotli(plain: &[u8]) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(0, 1);
        for chunk in plain.chunks(1 << 16) {
            bits.put(0, 1);
            bits.put(0, 2);
            bits.put(u32::try_from(chunk.len() - 1).unwrap(), 16);
            bits.put(1, 1);
            bits.align();
            bits.bytes.extend_from_slice(chunk);
        }
        bits.put(3, 2);
        bits.align();
        bits.bytes
    }

    #[derive(Default)]
    struct Bits {
        bytes: Vec<u8>,
        held: u32,
        count: u32,
    }

    impl Bits {
        fn put(&mut self, value: u32, count: u32) {
            for bit in 0..count {
                self.held |= (value >> bit & 1) << self.count;
                self.count += 1;
                if self.count == 8 {
                    self.align();
                }
            }
        }

        fn align(&mut self) {
            if self.count > 0 {
                self.bytes.push(u8::try_from(self.held).unwrap());
            }
            (self.held, self.count) = (0, 0);
        }
    }

    fn zstandard(plain: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn unpack(method: Method, packed: &[u8], most: usize) -> Result<(Unpacked, Vec<u8>), BadEncoding> {
        let mut plain = Vec::new();
        let mut unpacker = Unpacker::new(method, packed)?;
        Ok((unpacker.read(most, &mut plain)?, plain))
    }

    fn whole(method: Method, packed: &[u8]) -> Result<Vec<u8>, BadEncoding> {
        let (how_far, plain) = unpack(method, packed, 64 << 20)?;
        assert_eq!(how_far, Unpacked::All);
        Ok(plain)
    }

    fn all() -> [(Method, Vec<u8>); 5] {
        let text = text();
        [
            (Method::Gzip, gzip(&text)),
            (Method::Deflate, zlib(&text)),
            (Method::Deflate, deflate(&text)),
            (Method::Brotli, brotli(&text)),
            (Method::Zstd, zstandard(&text)),
        ]
    }

    #[test]
    fn each_method_gives_the_text_back() {
        for (method, packed) in all() {
            assert_eq!(whole(method, &packed).unwrap(), text(), "{method:?}");
        }
    }

    #[test]
    fn a_stream_without_its_end_is_damaged() {
        for (method, packed) in all() {
            for left in [0, 1, 2, packed.len() / 3, packed.len() / 2, packed.len() - 1] {
                let found = whole(method, &packed[..left]);
                assert_eq!(found, Err(BadEncoding::Damaged(method.name())), "{method:?}, {left} of {}", packed.len());
            }
        }
    }

    #[test]
    fn bytes_of_another_kind_are_damaged() {
        for method in [Method::Gzip, Method::Deflate, Method::Brotli, Method::Zstd] {
            assert!(whole(method, b"<?xml version=\"1.0\"?><rss><channel/></rss>").is_err(), "{method:?}");
        }
        let mut packed = gzip(&text());
        let middle = packed.len() - 6;
        packed[middle] ^= 0xff;
        assert_eq!(whole(Method::Gzip, &packed), Err(BadEncoding::Damaged("gzip")), "a checksum that is wrong");
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        let bomb = vec![b'A'; 4 << 20];
        for (method, packed) in
            [(Method::Gzip, gzip(&bomb)), (Method::Deflate, zlib(&bomb)), (Method::Zstd, zstandard(&bomb))]
        {
            let (how_far, plain) = unpack(method, &packed, 1 << 20).unwrap();
            assert_eq!((how_far, plain.len()), (Unpacked::Part, 1 << 20), "{method:?}");
        }
    }

    #[test]
    fn unpacking_goes_on_where_it_stopped() {
        for (method, packed) in all() {
            let mut unpacker = Unpacker::new(method, &packed).unwrap();
            let mut plain = Vec::new();
            while unpacker.read(1000, &mut plain).unwrap() == Unpacked::Part {}
            assert_eq!(plain, text(), "{method:?}");
        }
    }

    #[test]
    fn several_streams_in_a_row_are_one_and_padding_is_none() {
        for (method, mut packed) in [(Method::Gzip, gzip(b"one ")), (Method::Zstd, zstandard(b"one "))] {
            packed.extend(match method {
                Method::Gzip => gzip(b"two"),
                Method::Zstd | Method::Deflate | Method::Brotli => zstandard(b"two"),
            });
            assert_eq!(whole(method, &packed).unwrap(), b"one two");
            packed.extend([0; 512]);
            assert_eq!(whole(method, &packed).unwrap(), b"one two");
        }
    }

    #[test]
    fn a_claimed_size_reserves_no_memory_beyond_reason() {
        let mut packed = gzip(b"x");
        let end = packed.len();
        packed[end - 4..].copy_from_slice(&[0xff; 4]);
        assert!(Unpacker::new(Method::Gzip, &packed).unwrap().expected() < 1000);
        assert_eq!(Unpacker::new(Method::Gzip, &gzip(&text())).unwrap().expected(), text().len());
    }

    #[test]
    fn a_zstd_window_beyond_the_standard_is_refused() {
        // A frame that asks for a window of 1 GiB: descriptor 0, window exponent 20.
        assert!(Unpacker::new(Method::Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00]).is_err());
    }

    #[test]
    fn one_layer_is_taken_off_and_not_more() {
        for (lines, expected) in [
            (&[][..], Ok(None)),
            (&["identity"], Ok(None)),
            (&["gzip"], Ok(Some(Method::Gzip))),
            (&[" GZIP "], Ok(Some(Method::Gzip))),
            (&["x-gzip"], Ok(Some(Method::Gzip))),
            (&["identity, br"], Ok(Some(Method::Brotli))),
            (&["zstd"], Ok(Some(Method::Zstd))),
            (&["gzip, gzip"], Err(BadEncoding::Nested)),
            (&["gzip", "deflate"], Err(BadEncoding::Nested)),
            (&["compress"], Err(BadEncoding::Unknown("compress".to_owned()))),
            (&["gzip\u{1b}"], Err(BadEncoding::Unknown("gzip?".to_owned()))),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
                    headers.append(CONTENT_ENCODING, value);
                }
            }
            if headers.len() == lines.len() {
                assert_eq!(Method::of(&headers), expected, "{lines:?}");
            }
        }
    }
}
