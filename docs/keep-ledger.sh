#!/bin/sh
# For a host with cron: refreshes the site in a clone of its repository and keeps the
# ledger in that repository. Publish public/ with whatever serves files.
#
#   17 * * * * /srv/feeds/keep-ledger.sh /srv/feeds/site
set -eu
cd "$1"
git pull --quiet --rebase
feedloom refresh --quiet
git add -f .feedloom/ledger.jsonl
if ! git diff --cached --quiet -- .feedloom/ledger.jsonl; then
    git -c user.name=feedloom -c user.email=feedloom@localhost commit --quiet -m "Keep what was published" -- .feedloom/ledger.jsonl
    git push --quiet
fi
