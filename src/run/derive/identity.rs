//! Which entry a group of raw entries is: the one that had it before, however it was edited
//! or moved, else a new one.
//!
//! Ids are minted from what was said and looked up in the ledger; nothing here publishes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::Work;
use super::losses::UPSTREAM;
use super::overrides::Overrides;
use crate::entry::{EntryId, Key, Kind, RawEntry, TRANSLATION};
use crate::ledger::matching::{self, Body, Class, Trace};
use crate::ledger::{Ledger, Place, Row};
use crate::normalize::{self, Memory, address, text};
use crate::run::RunError;
use crate::store::{Group, Item, Store};

/// Starts the key of what a person said to be one thing; the id follows.
pub(in crate::run) const SAME: &str = "same:";

/// So much of a title is kept in the ledger, folded.
const TITLE_CHARS: usize = 60;

/// So much of a post tells whether another one is the same.
const TEXT_CHARS: usize = 1_500;

/// The beginning of a text, to be compared.
pub(super) fn beginning(text: &str) -> String {
    text::fold_prefix(text, TEXT_CHARS)
}

/// What speaks for a thing: all that was said, without sources that say what another one
/// said first. Which one that was is known by the entry that has the address. A source that
/// is not `configured` any more says nothing new: it speaks where nobody else does.
pub(super) fn speaking<'r>(ledger: &Ledger, raws: &[&'r RawEntry], configured: &HashSet<String>) -> Vec<&'r RawEntry> {
    let sources: HashSet<&str> = raws.iter().filter_map(|r| normalize::source_of(r)).collect();
    if sources.len() < 2 {
        return raws.to_vec();
    }
    let is_heard = |source: &str| configured.contains(source);
    if sources.iter().any(|s| is_heard(s)) && !sources.iter().all(|s| is_heard(s)) {
        let heard = raws.iter().copied().filter(|r| normalize::source_of(r).is_none_or(is_heard));
        return speaking(ledger, &heard.collect::<Vec<_>>(), configured);
    }
    let row = |of_source: bool| {
        let keys = raws.iter().flat_map(|r| &r.keys).filter(|k| !k.starts_with("title:"));
        let keys = keys.filter(|k| k.starts_with(UPSTREAM) == of_source);
        keys.filter_map(|k| ledger.with_key(Key::of(k))).map(|n| ledger.row_at(n)).min_by_key(|r| (r.seen, &r.id))
    };
    match row(false).or_else(|| row(true)) {
        Some(row) => normalize::speaking(raws, &row.keys),
        // That they will be known by: who speaks at first speaks on.
        None => normalize::speaking(raws, &keys(raws, raws)),
    }
}

/// Brings what was said into an order that does not depend on when it was read: the earliest
/// first, what linked pages say last.
pub(in crate::run) fn sort(items: &mut [Item]) {
    let place = |r: &RawEntry| r.mention.as_ref().map(|m| (m.folder.clone(), m.post.clone(), m.line));
    // Only what says the same at the same place is left.
    let said = |r: &RawEntry| (r.title.clone(), r.link.clone(), r.text.clone(), r.html.clone());
    items.sort_by(|a, b| {
        let (a, b) = (&a.raw, &b.raw);
        let time = |r: &RawEntry| (r.page, r.published.unwrap_or(DateTime::<Utc>::MAX_UTC));
        let dated = time(a).cmp(&time(b)).then_with(|| place(a).cmp(&place(b)));
        dated.then_with(|| a.keys.cmp(&b.keys)).then_with(|| said(a).cmp(&said(b)))
    });
}

/// Old entries behind items that were edited.
#[derive(Debug, Default)]
pub(super) struct Edited {
    of_group: HashMap<usize, EntryId>,
    ids: HashSet<Key>,
    /// Groups that only lead to a post by an address it had, and the group of that post.
    led: Vec<(usize, usize)>,
    /// Of entries that several groups have a key of: the group that each of them is.
    owners: HashMap<Key, usize>,
}

impl Edited {
    fn new(of_group: HashMap<usize, EntryId>, led: &[(usize, String)], owners: HashMap<Key, usize>) -> Self {
        let ids = of_group.values().map(|id| Key::of(id.as_str())).collect();
        let at: HashMap<&str, usize> = of_group.iter().map(|(n, id)| (id.as_str(), *n)).collect();
        let led = led.iter().filter_map(|(n, id)| Some((*n, *at.get(id.as_str())?))).collect();
        Self { of_group, ids, led, owners }
    }

    /// Makes what leads to a post a part of its group, from now on.
    pub(super) fn join(&self, store: &Store, groups: &mut [Group]) -> Result<(), RunError> {
        for (from, to) in &self.led {
            let post = store.items(&groups[*to].items)?.into_iter().find(|i| is_post(&i.raw));
            let Some(post) = post else { continue };
            let Group { items, keys } = std::mem::take(&mut groups[*from]);
            keys.iter().try_for_each(|key| store.add_item_key(post.id, *key))?;
            groups[*to].items.extend(items);
            groups[*to].keys.extend(keys);
        }
        Ok(())
    }

    /// Whether the entry is that of another group than `group`.
    fn is_elsewhere(&self, id: &str, group: usize) -> bool {
        let key = Key::of(id);
        let is_edited = || self.ids.contains(&key) && self.of_group.get(&group).is_none_or(|own| own.as_str() != id);
        self.owners.get(&key).is_some_and(|owner| *owner != group) || is_edited()
    }
}

/// Old entries behind items that were edited, by group. `went` has the keys of items that
/// are not there any more.
pub(super) fn match_edited(
    work: &Work<'_>,
    groups: &[Group],
    old: &[Key],
    went: &BTreeSet<Key>,
) -> Result<Edited, RunError> {
    let mut claimed: HashSet<usize> = HashSet::new();
    let mut fresh: Vec<usize> = Vec::new();
    let mut led: Vec<(usize, String)> = Vec::new();
    let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (n, group) in groups.iter().enumerate() {
        let rows: Vec<usize> = group.keys.iter().filter_map(|k| work.ledger.with_key(*k)).collect();
        if rows.is_empty() {
            fresh.push(n);
        }
        // A link to the address that a post had is not that post.
        let is_own = |row: &Row| !row.is_post() || row.keys.first().is_some_and(|k| group.keys.contains(&Key::of(k)));
        let only_led_to = !rows.is_empty() && rows.iter().all(|n| !is_own(work.ledger.row_at(*n)));
        if only_led_to && !work.store.items(&group.items)?.iter().any(|i| is_post(&i.raw)) {
            led.extend(rows.first().map(|row| (n, work.ledger.row_at(*row).id.clone())));
            continue;
        }
        for row in rows.into_iter().collect::<BTreeSet<usize>>() {
            claimed.insert(row);
            if !work.ledger.row_at(row).is_post() {
                holders.entry(row).or_default().push(n);
            }
        }
    }
    let owners = owners(work, groups, &holders)?;
    let swapped = match_swapped(work, groups, old, &mut claimed)?;
    if fresh.is_empty() {
        return Ok(Edited::new(swapped, &led, owners));
    }
    let is_orphan = |n: &usize| {
        let row = work.ledger.row_at(*n);
        !claimed.contains(n) && row.gone.is_none() && row.place.is_some() && !row.keys.is_empty()
    };
    let mut orphans: Vec<usize> = old.iter().filter_map(|id| work.ledger.index(*id)).filter(is_orphan).collect();
    orphans.extend(hidden_elsewhere(work, &claimed, went)?);
    if orphans.is_empty() {
        return Ok(Edited::new(swapped, &led, owners));
    }
    let mut seen: Vec<(usize, Seen)> = Vec::new();
    for n in fresh {
        let items = work.store.items(&groups[n].items)?;
        let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
        if let (Some(place), says) = trace(&raws) {
            let main = normalize::principal(&raws);
            let text = if is_post(main) { beginning(&main.text) } else { String::new() };
            let (key, published) = (main.keys[0].clone(), main.published);
            seen.push((n, Seen { key, hash: normalize::text_hash(&raws), says, place, published, text }));
        }
    }
    let orphans: Vec<&Row> = orphans.into_iter().map(|n| work.ledger.row_at(n)).collect();
    let of_row = |r: &'_ Row| -> Option<(String, usize)> { r.place.clone().map(|Place(post, line)| (post, line)) };
    let places: Vec<(String, usize)> = orphans.iter().filter_map(|r| of_row(r)).collect();
    let old: Vec<Trace<'_>> = orphans
        .iter()
        .zip(&places)
        .map(|(r, (post, line))| {
            let departed = work.departed.iter().find(|d| r.keys.contains(&d.key)).filter(|_| r.is_post());
            let body = departed.map(|d| Body { published: d.published, text: &d.text });
            Trace { key: &r.keys[0], hash: &r.hash, says: &r.says, post, line: *line, body }
        })
        .collect();
    let new: Vec<Trace<'_>> = seen
        .iter()
        .map(|(_, s)| {
            let body = Some(Body { published: s.published, text: &s.text });
            Trace { key: &s.key, hash: &s.hash, says: &s.says, post: &s.place.0, line: s.place.1, body }
        })
        .collect();
    let pairs = matching::pairs(&old, &new);
    let found = pairs.into_iter().map(|(n, o)| (seen[n].0, EntryId::foreign(orphans[o].id.clone())));
    Ok(Edited::new(found.chain(swapped).collect(), &led, owners))
}

/// Which group each entry is that came apart, or that another one has a key of: the one in
/// the post where it came up, that says what it said, that has the key it was known by first.
fn owners(
    work: &Work<'_>,
    groups: &[Group],
    holders: &BTreeMap<usize, Vec<usize>>,
) -> Result<HashMap<Key, usize>, RunError> {
    let mut owners = HashMap::new();
    for (row, holders) in holders.iter().filter(|(_, holders)| holders.len() > 1) {
        let row = work.ledger.row_at(*row);
        let mut best = None;
        for n in holders {
            let items = work.store.items(&groups[*n].items)?;
            let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
            let place = row.place.as_ref().map(|place| place.0.as_str());
            let is_there = place.is_some() && raws.iter().any(|r| r.mention.as_ref().map(|m| m.post.as_str()) == place);
            let is_first = row.keys.first().is_some_and(|k| groups[*n].keys.contains(&Key::of(k)));
            let claim = (is_there, normalize::text_hash(&raws) == row.hash, is_first, std::cmp::Reverse(*n));
            best = best.max(Some(claim));
        }
        owners.extend(best.map(|(_, _, _, n)| (Key::of(&row.id), n.0)));
    }
    Ok(owners)
}

/// An item that has no id yet.
struct Seen {
    key: String,
    hash: String,
    says: String,
    place: Place,
    published: Option<DateTime<Utc>>,
    /// Of a post: the beginning of its text.
    text: String,
}

/// Rows of what a person hides that went from where it was in this run, and that nothing in
/// `claimed` stands for: it may be there under another key. What was hidden and deleted is not
/// behind the next one that begins like it.
fn hidden_elsewhere(
    work: &Work<'_>,
    claimed: &HashSet<usize>,
    went: &BTreeSet<Key>,
) -> Result<BTreeSet<usize>, RunError> {
    // Nothing says any more what the entry is known by. That somebody links to a post is not the post.
    let is_lost = |row: &Row| -> Result<bool, RunError> {
        let own = row.keys.iter().filter(|k| !row.is_post() || Class::of(k) == Class::Post);
        for key in own {
            if work.store.count_with_key(Key::of(key), 1)? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let mut found = BTreeSet::new();
    for n in Overrides::new(work.opened).hidden(work.ledger).filter(|n| !claimed.contains(n)) {
        let row = work.ledger.row_at(n);
        let just_went = row.gone.is_some() && row.keys.iter().any(|k| went.contains(&Key::of(k)));
        if just_went && row.place.is_some() && is_lost(row)? {
            found.insert(n);
        }
    }
    Ok(found)
}

/// Items that were told apart from another one of their post by a longer key, and have the
/// short one now, because the other one went or stands behind them: their text tells.
fn match_swapped(
    work: &Work<'_>,
    groups: &[Group],
    old: &[Key],
    claimed: &mut HashSet<usize>,
) -> Result<HashMap<usize, EntryId>, RunError> {
    let mut found = HashMap::new();
    let rows = old.iter().filter_map(|id| work.ledger.index(*id));
    let unclaimed: Vec<usize> = rows.filter(|n| !claimed.contains(n)).collect();
    if unclaimed.is_empty() {
        return Ok(found);
    }
    let of_group = |(at, group): (usize, &Group)| group.keys.iter().map(|k| (*k, at)).collect::<Vec<_>>();
    let of_key: HashMap<Key, usize> = groups.iter().enumerate().flat_map(of_group).collect();
    for n in unclaimed {
        let row = work.ledger.row_at(n);
        let short = row.keys.first().and_then(|k| k.rsplit_once('|')).map(|(short, _)| Key::of(short));
        let Some((short, other)) = short.and_then(|k| Some((k, work.ledger.with_key(k)?))) else {
            continue;
        };
        if row.gone.is_some() || other == n {
            continue;
        }
        let Some(at) = of_key.get(&short).copied() else { continue };
        let items = work.store.items(&groups[at].items)?;
        let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
        if normalize::text_hash(&raws) == row.hash {
            found.insert(at, EntryId::foreign(row.id.clone()));
            claimed.remove(&other);
            claimed.insert(n);
        }
    }
    Ok(found)
}

/// Where `raws` came up first and the beginning of what they say, folded.
pub(in crate::run) fn trace(raws: &[&RawEntry]) -> (Option<Place>, String) {
    let main = normalize::principal(raws);
    let place = main.mention.as_ref().map(|m| Place(m.post.clone(), m.line));
    (place, text::fold_prefix(&main.title, TITLE_CHARS))
}

/// The keys that stand for `raws`: the principal's first, then those of others that speak
/// for it. One title on two pages says that they are one now, not for ever.
pub(in crate::run) fn keys(speaking: &[&RawEntry], raws: &[&RawEntry]) -> Vec<String> {
    let main = normalize::principal(speaking);
    let others = speaking.iter().chain(raws).filter(|r| !std::ptr::eq(**r, main)).flat_map(|r| &r.keys);
    let mut keys: Vec<String> = Vec::new();
    for key in main.keys.iter().chain(others) {
        let lasts = !["title:", SAME, TRANSLATION].iter().any(|start| key.starts_with(start));
        if lasts && !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

/// Entries that became part of the one with this id: what was known under its keys.
pub(super) fn joined(ledger: &Ledger, raws: &[&RawEntry], id: &EntryId) -> Vec<Key> {
    let keys = raws.iter().flat_map(|r| &r.keys).filter(|k| !k.starts_with("title:"));
    let rows = keys.filter_map(|k| ledger.with_key(Key::of(k))).map(|n| ledger.row_at(n));
    rows.filter(|r| r.id != id.as_str() && r.gone.is_none()).map(|r| Key::of(&r.id)).collect()
}

pub(super) fn is_post(raw: &RawEntry) -> bool {
    matches!(raw.kind, Kind::Post | Kind::Digest)
}

/// The path of what `raw` links to, as it is written.
pub(super) fn page(raw: &RawEntry) -> Option<String> {
    address::exact_path(raw.link.as_deref()?)
}

fn is_translation(original: &RawEntry, post: &RawEntry) -> bool {
    let shared = |k: &String| k.starts_with(TRANSLATION) && original.keys.contains(k);
    original.language != post.language && post.keys.iter().any(shared)
}

/// Two posts stay two entries, though they have one address or mention one article:
/// each is a group of its own, and what only mentions goes with the first.
pub(super) fn apart(items: &[Item]) -> Vec<Vec<&Item>> {
    let place = |i: &Item| i.raw.mention.as_ref().map(|m| (m.folder.clone(), m.post.clone()));
    let mut posts: Vec<&Item> = items.iter().filter(|i| is_post(&i.raw)).collect();
    posts.sort_by_key(|i| place(i));
    // One name, or one `translationKey`, in two languages is one post, translated; else it is two posts.
    let mut originals: Vec<&Item> = Vec::new();
    // Of several that say to be the translation into one language the first is.
    let mut taken: Vec<(usize, Option<&str>)> = Vec::new();
    let mut homes: Vec<(&Item, usize)> = Vec::new();
    for post in posts {
        let language = post.raw.language.as_deref();
        let original =
            originals.iter().position(|o| o.raw.keys[0] == post.raw.keys[0] && o.raw.language != post.raw.language);
        let keyed = || {
            let mut all = originals.iter().enumerate();
            all.find(|(n, o)| is_translation(&o.raw, &post.raw) && !taken.contains(&(*n, language))).map(|(n, _)| n)
        };
        match original.or_else(keyed) {
            Some(n) => {
                taken.push((n, language));
                homes.push((post, n));
            }
            None => originals.push(post),
        }
    }
    let posts = originals;
    if posts.len() < 2 {
        return vec![items.iter().collect()];
    }
    let home = |item: &Item| {
        // Posts of one name in two folders have one key: each is at home with itself.
        let itself = posts.iter().position(|p| std::ptr::eq(*p, item));
        let itself = itself.or_else(|| homes.iter().find(|(other, _)| std::ptr::eq(*other, item)).map(|(_, n)| *n));
        let own = itself.or_else(|| posts.iter().position(|p| p.raw.keys[0] == item.raw.keys[0]));
        // Keys fold addresses: where two posts meet in one, the exact address tells which is meant.
        let shares = |p: &Item| p.raw.keys.iter().any(|k| item.raw.keys.contains(k));
        let page = page(&item.raw);
        let exact = || posts.iter().position(|p| page.is_some() && page == self::page(&p.raw) && shares(p));
        own.or_else(exact).or_else(|| posts.iter().position(|p| shares(p))).unwrap_or(0)
    };
    let mut groups: Vec<Vec<&Item>> = vec![Vec::new(); posts.len()];
    for item in items {
        groups[home(item)].push(item);
    }
    groups
}

/// The id of group number `group`: the one a person named, the one it had before it was edited,
/// the one a key of it has, else the one it mints. No two groups have one id, and none takes that
/// of `posts`, the others that share a key with it.
pub(super) fn identify(
    work: &Work<'_>,
    speaking: &[&RawEntry],
    raws: &[&RawEntry],
    posts: &[&RawEntry],
    edited: &Edited,
    group: usize,
    live: &mut HashSet<Key>,
) -> Result<EntryId, RunError> {
    let main = normalize::principal(speaking);
    // Who had the row last has it still; of posts of one name in two folders the address tells.
    let claim = |row: &Row, raw: &RawEntry| -> u8 {
        let placed = raw.mention.as_ref().is_some_and(|m| row.place.as_ref().is_some_and(|p| p.0 == m.post));
        let addressed = raw.keys[1..].iter().any(|k| k.starts_with("site:") && row.keys.contains(k));
        let named = row.keys.contains(&raw.keys[0]);
        4 * u8::from(placed) + 2 * u8::from(addressed) + u8::from(named)
    };
    let belongs_to_other = |row: &Row| posts.iter().any(|other| claim(row, other) > claim(row, main));
    let others = speaking.iter().chain(raws).filter(|r| !std::ptr::eq(**r, main)).flat_map(|r| &r.keys);
    let mut candidates: Vec<EntryId> = Vec::new();
    let named = raws.iter().flat_map(|r| &r.keys).find_map(|k| k.strip_prefix(SAME)).map(EntryId::foreign);
    // Nobody's id stays nobody's: `check` tells of it.
    let mints = |id: &EntryId| raws.iter().any(|r| normalize::mint(&[r], &work.ledger.id_base) == *id);
    candidates.extend(named.filter(|id| work.ledger.row(Key::of(id.as_str())).is_some() || mints(id)));
    candidates.extend(edited.of_group.get(&group).cloned());
    if !work.ledger.is_empty() {
        let keys = main.keys.iter().chain(others).filter(|k| !k.starts_with("title:"));
        let rows = keys.filter_map(|k| work.ledger.with_key(Key::of(k))).map(|n| work.ledger.row_at(n));
        let rows = rows.filter(|row| !belongs_to_other(row) && !edited.is_elsewhere(&row.id, group));
        // Of two articles that became one the id stays that readers have.
        let (mut there, gone): (Vec<&Row>, Vec<&Row>) =
            rows.partition(|r| r.gone.is_none() || main.kind != Kind::Article);
        if is_post(main) {
            there.sort_by_key(|row| std::cmp::Reverse(claim(row, main)));
        }
        candidates.extend(there.into_iter().chain(gone).map(|r| EntryId::foreign(r.id.clone())));
    }
    let minted = normalize::mint(speaking, &work.ledger.id_base);
    let is_others = work.ledger.row(Key::of(minted.as_str())).is_some_and(belongs_to_other);
    candidates.extend(Some(minted).filter(|id| !is_others && !edited.is_elsewhere(id.as_str(), group)));
    let second = std::iter::once_with(|| normalize::mint_second(speaking, &work.ledger.id_base));
    for id in candidates.into_iter().chain(second) {
        let number = Key::of(id.as_str());
        if !live.contains(&number) && !work.store.has_entry(&id)? {
            live.insert(number);
            return Ok(id);
        }
    }
    // A third post of one name and folder cannot be; its link tells it apart all the same.
    let link = main.link.as_deref().unwrap_or("");
    let id = EntryId::mint(&work.ledger.id_base, main.kind, &format!("{}|{link}", main.keys[0]));
    live.insert(Key::of(id.as_str()));
    Ok(id)
}

/// Takes an entry into the ledger; comes back with what was known of it.
pub(super) fn remember(
    work: &mut Work<'_>,
    id: &EntryId,
    speaking: &[&RawEntry],
    raws: &[&RawEntry],
    keys: Keys<'_>,
) -> Result<Memory, RunError> {
    let now = work.moment.now;
    let hash = normalize::text_hash(speaking);
    let row = work.ledger.row_mut(id, now);
    if row.hash.is_empty() {
        row.hash = hash;
    } else if row.hash != hash {
        // Somebody else may speak for it now, and what was said before is said still.
        if !normalize::is_said_still(speaking, &row.hash) {
            row.changed = Some(now);
        }
        row.hash = hash;
    }
    row.gone = None;
    let fresh = row.place.is_none() || !row.keys.iter().any(|k| *k == normalize::principal(speaking).keys[0]);
    if fresh {
        // What it says is kept as it was when it got its key: edits are told by it.
        (row.place, row.says) = trace(speaking);
    }
    let memory = Memory { first_seen: row.seen, text_hash: row.hash.clone(), changed: row.changed };
    let store = &work.store;
    let taken = |other: &EntryId| -> Result<bool, RunError> {
        match keys {
            Keys::OfLive(live) => Ok(live.contains(&Key::of(other.as_str())) || store.has_entry(other)?),
            Keys::Free => Ok(false),
        }
    };
    let all = self::keys(speaking, raws);
    work.ledger.add_keys(id, all.iter().map(String::as_str), taken)?;
    Ok(memory)
}

/// Which keys an entry is known by from now on.
pub(super) enum Keys<'a> {
    /// All that it has: it is one of those that are there.
    OfLive(&'a HashSet<Key>),
    /// Those that no other entry has: it is not published.
    Free,
}
