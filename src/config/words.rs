//! Words files: `templates/words.LANGUAGE.yaml`, a key and a text a line.

use super::reader::{Reader, nearest, short};
use super::{ConfigError, ConfigFile, is_language};
use crate::words::{self, Own};
use crate::yaml::{self, Place, Value};

/// Languages of a site's own. What a file leaves out is said as the built-in words of
/// the language say it, or in English.
pub(super) fn read_words(files: &[ConfigFile], errors: &mut Vec<ConfigError>) -> Own {
    let mut own = Own::new();
    for file in files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let tag = name.strip_prefix("words.").and_then(|n| n.strip_suffix(".yaml")).unwrap_or("");
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        let r = &mut Reader::new(&file.path, text, errors);
        if !is_language(tag) {
            let problem =
                format!("`{}` is no language: the name is `words.fr.yaml` or `words.zh-Hant.yaml`", short(tag));
            r.error(Place { line: 1, column: 1 }, problem);
            continue;
        }
        let node = match yaml::parse(text) {
            Ok(node) => node,
            Err(error) => {
                r.error(error.place, format!("not valid YAML: {}", error.problem));
                continue;
            }
        };
        let mut words = words::words(&Own::new(), Some(tag)).clone();
        let Some(mut map) = r.map(&node, &name) else { continue };
        for (key, node) in map.rest() {
            let Some(text) = r.string(node, &key.name) else { continue };
            if key.name == "direction" && !["ltr", "rtl"].contains(&text.as_str()) {
                r.error(node.place, "`direction` is `ltr` or `rtl`");
            }
            // A separator is blanks and a sign: blanks count.
            let text = match &node.value {
                Value::Scalar(s) if ["comma", "colon"].contains(&key.name.as_str()) => s.clone(),
                _ => text,
            };
            if !words.set(&key.name, text) {
                let hint = nearest(&key.name, words::KEYS.iter().copied());
                let hint = hint.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
                r.error(key.place, format!("unknown key `{}`{hint}", short(&key.name)));
            }
        }
        own.insert(tag.to_lowercase(), words);
    }
    own
}
