//! Elements of extensions: podcasts, Media RSS, places, chapters, licences.

use super::builder::{Builder, filled};
use super::model::*;
use super::names::Element;
use super::xml::Tag;

/// Files, pictures, chapters of one entry.
const MAX_MEDIA: usize = 2000;

/// A place being read.
#[derive(Debug, Default)]
pub(super) struct Geometry {
    ring: bool,
    line: bool,
    /// Numbers are longitude first: a projected system.
    projected: bool,
    three: bool,
}

/// Numbers of EPSG for systems of longitude and latitude: there latitude comes
/// first. Those of projected systems, such as UTM zones, lie outside.
fn is_geographic(code: u32) -> bool {
    matches!(code, 4001..=4326 | 4463 | 4470 | 4475 | 4483 | 4490 | 4555 | 4558 | 4600..=4904 | 4979 | 3819 | 3821 | 3824 | 3889 | 3906)
}

impl<'t> Builder<'t, '_> {
    fn media(&mut self) -> &mut Media {
        self.record().more_mut().media.get_or_insert_default()
    }

    fn itunes(&mut self) -> &mut Itunes {
        self.record().more_mut().itunes.get_or_insert_default()
    }

    /// The attributes of a tag with its addresses absolute.
    fn addressed(&mut self, tag: &Tag<'t>) -> Attributes {
        let mut attributes = self.attributes(tag);
        for (name, value) in &mut attributes {
            if matches!(name.as_str(), "url" | "href") {
                *value = self.resolve(value);
            }
        }
        attributes
    }

    pub(super) fn begin_extension(&mut self, element: Element, tag: &Tag<'t>) {
        match element {
            Element::GeneratorAgent => {
                if let Some(address) = self.resource(tag) {
                    let more = self.record().more_mut();
                    let generator = more.generator.get_or_insert_default();
                    generator.name.get_or_insert_with(|| address.clone());
                    generator.uri = Some(address);
                }
            }
            Element::ItunesImage => {
                let address = tag.attribute("href").or_else(|| tag.attribute("url"));
                if let Some(raw) = address {
                    let address = self.resolve(&self.value(raw));
                    self.set_picture(address);
                }
            }
            Element::License => {
                if let Some(address) = self.resource(tag) {
                    self.set_license(address);
                }
            }
            Element::MediaContent => {
                let attributes = self.addressed(tag);
                let contents = &mut self.media().contents;
                if contents.len() < MAX_MEDIA {
                    contents.push(attributes);
                }
            }
            Element::MediaThumbnail => {
                let attributes = self.addressed(tag);
                let thumbnails = &mut self.media().thumbnails;
                if thumbnails.len() < MAX_MEDIA {
                    thumbnails.push(attributes);
                }
            }
            Element::MediaCredit => {
                let attributes = self.attributes(tag);
                let credits = &mut self.media().credits;
                if credits.len() < MAX_MEDIA {
                    credits.push(attributes);
                }
            }
            Element::MediaRating => {
                let attributes = self.attributes(tag);
                self.media().rating.get_or_insert(attributes);
            }
            Element::MediaLicense => {
                let attributes = self.addressed(tag);
                self.media().license.get_or_insert(attributes);
            }
            Element::MediaRestriction => {
                let attributes = self.attributes(tag);
                self.media().restriction.get_or_insert(attributes);
            }
            Element::MediaPlayer => {
                let attributes = self.addressed(tag);
                self.media().player = Some(attributes);
            }
            Element::Place | Element::GeoPoint | Element::GeoLine | Element::GeoPolygon | Element::GeoBox => {
                self.geometry = Geometry::default();
                self.record().more_mut().place = Some(Place::default());
            }
            Element::GmlPoint | Element::GmlLine | Element::GmlPolygon => {
                let name = tag.attribute("srsname").unwrap_or_default();
                let code = name.rsplit([':', '/', '#']).next().and_then(|c| c.parse().ok());
                self.geometry = Geometry {
                    line: element == Element::GmlLine,
                    ring: false,
                    projected: name.contains("EPSG") && code.is_some_and(|c| !is_geographic(c)),
                    three: tag.attribute("srsdimension") == Some("3"),
                };
                self.record().more_mut().place.get_or_insert_default();
            }
            Element::GmlRing => {
                self.geometry.ring = true;
                self.geometry.line = false;
            }
            Element::Chapters => {
                let version = tag.attribute("version").map(|v| self.value(v));
                let more = self.record().more_mut();
                self.in_chapters = more.chapters.is_none();
                if self.in_chapters {
                    self.record().more_mut().chapters = Some(Chapters { version, chapters: Vec::new() });
                }
            }
            Element::Chapter if self.in_chapters => {
                let attributes = self.attributes(tag);
                if let Some(chapters) = &mut self.record().more_mut().chapters
                    && chapters.chapters.len() < MAX_MEDIA
                {
                    chapters.chapters.push(attributes);
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish_extension(&mut self, element: Element, text: String) {
        match element {
            Element::Valid => {
                for part in text.split(';') {
                    if let Some((name, value)) = part.split_once('=')
                        && matches!(name.trim(), "start" | "end")
                    {
                        let key = format!("validity_{}", name.trim());
                        self.add_extra(key, Extra::Text(value.trim().to_owned()));
                    }
                }
                if !text.is_empty() {
                    self.add_extra("validity".to_owned(), Extra::Text(text));
                }
            }
            // Values are compared as they stand, neither trimmed nor folded: feedparser does so,
            // and what it takes for unknown stays unknown here.
            Element::Block => self.itunes().block = Some(matches!(text.as_str(), "yes" | "Yes")),
            Element::Explicit => {
                let itunes = self.itunes();
                itunes.explicit_given = true;
                itunes.explicit = match text.as_str() {
                    "yes" | "true" | "explicit" => Some(true),
                    "no" | "false" | "clean" => Some(false),
                    _ => None,
                };
            }
            Element::Duration => self.itunes().duration = filled(text),
            Element::ItunesImage => {
                if let Some(address) = filled(text) {
                    let address = self.resolve(&address);
                    self.set_picture(address);
                }
            }
            Element::LicenseText => {
                if let Some(address) = filled(text) {
                    let address = self.resolve(&address);
                    self.set_license(address);
                }
            }
            Element::MediaThumbnail => {
                if let Some(address) = filled(text) {
                    let address = self.resolve(&address);
                    if let Some(last) = self.media().thumbnails.last_mut()
                        && !last.iter().any(|(n, _)| n == "url")
                    {
                        last.push(("url".to_owned(), address));
                    }
                }
            }
            Element::MediaCredit => {
                if let (Some(text), Some(last)) = (filled(text), self.media().credits.last_mut()) {
                    last.push(("content".to_owned(), text));
                }
            }
            Element::MediaRating | Element::MediaLicense | Element::MediaRestriction | Element::MediaPlayer => {
                let Some(text) = filled(text) else { return };
                let media = self.media();
                let attributes = match element {
                    Element::MediaRating => &mut media.rating,
                    Element::MediaLicense => &mut media.license,
                    Element::MediaRestriction => &mut media.restriction,
                    _ => &mut media.player,
                };
                let attributes = attributes.get_or_insert_default();
                attributes.retain(|(n, _)| n != "content");
                attributes.push(("content".to_owned(), text));
            }
            Element::GeoPoint => {
                let shape = coordinates(&text, false, false).and_then(|c| c.into_iter().next()).map(Shape::Point);
                self.set_shape(shape);
            }
            Element::GeoLine => {
                let shape = coordinates(&text, false, false).filter(|c| c.len() >= 2).map(Shape::Line);
                self.set_shape(shape);
            }
            Element::GeoPolygon => {
                let shape = coordinates(&text, false, false).filter(|c| c.len() >= 4).map(Shape::Polygon);
                self.set_shape(shape);
            }
            Element::GeoBox => {
                let shape = coordinates(&text, false, false).filter(|c| c.len() >= 2).map(Shape::Box);
                self.set_shape(shape);
            }
            Element::GmlPosition => {
                let shape = coordinates(&text, self.geometry.projected, self.geometry.three).and_then(|c| {
                    if self.geometry.ring {
                        Some(Shape::Polygon(c))
                    } else if self.geometry.line {
                        Some(Shape::Line(c))
                    } else {
                        c.into_iter().next().map(Shape::Point)
                    }
                });
                self.set_shape(shape);
            }
            Element::Chapters => self.in_chapters = false,
            _ => {}
        }
    }

    fn set_shape(&mut self, shape: Option<Shape>) {
        if shape.is_some() {
            self.record().more_mut().place = Some(Place { shape });
        }
    }

    /// `rdf:resource`, however it is prefixed.
    fn resource(&mut self, tag: &Tag<'t>) -> Option<String> {
        let (_, raw) = tag.attributes().find(|(n, _)| super::names::split(n).1.eq_ignore_ascii_case("resource"))?;
        filled(self.resolve(&self.value(raw)))
    }

    fn set_license(&mut self, address: String) {
        let record = self.record();
        record.links.push(Link { href: address.clone(), rel: "license".into(), hints: None });
        record.more_mut().license = Some(address);
    }

    fn set_picture(&mut self, address: String) {
        let image = Image { url: Some(address), ..Image::default() };
        self.record().more_mut().image = Some(image);
    }
}

/// Pairs or triples of numbers, longitude first. `swapped`: they are written so, too.
fn coordinates(text: &str, swapped: bool, three: bool) -> Option<Vec<Vec<f64>>> {
    let numbers: Vec<f64> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|n| !n.is_empty())
        .take(100_000)
        .map(|n| n.parse().ok().filter(|n: &f64| n.is_finite()))
        .collect::<Option<_>>()?;
    let size = if three { 3 } else { 2 };
    let found: Vec<Vec<f64>> = numbers
        .chunks_exact(size)
        .map(|c| {
            let mut point = c.to_vec();
            if !swapped {
                point.swap(0, 1);
            }
            point
        })
        .collect();
    (!found.is_empty()).then_some(found)
}
