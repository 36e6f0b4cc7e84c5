#!/bin/sh
# croner 11.0.1: match() and nextRuns() disagree about the nights when clocks change. For 02:30 in Berlin every day, nextRuns() gives 03:00
# on the day without a 02:30 (README: "runs at the first valid time after the gap"), for which match() is false; and gives only the first
# of two 02:30 in autumn, while match() is true for both. Who polls with match() loses the one run and does the other twice.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --ignore-scripts --no-audit --no-fund --loglevel=error croner@11.0.1 >/dev/null
cat >match.mjs <<'JS'
import { Cron } from 'croner';

const job = new Cron('30 2 * * *', { timezone: 'Europe/Berlin', paused: true });
const minutes = (from, hours) => Array.from({ length: hours * 60 }, (_, minute) => new Date(Date.parse(from) + minute * 60_000));
const nights = {
  'clocks go forward': ['2026-03-28T12:00:00Z', 24],
  'clocks go back': ['2026-10-24T12:00:00Z', 24],
  'a night like others': ['2026-06-10T12:00:00Z', 24],
};
const seen = {};
for (const [night, [from, hours]] of Object.entries(nights)) {
  const planned = job.nextRuns(1, new Date(from)).map((date) => date.toISOString());
  const matched = minutes(from, hours).filter((date) => job.match(date)).map((date) => date.toISOString());
  seen[night] = [planned, matched];
  console.log(`${night}: nextRuns ${planned}, match ${matched.join(' ') || 'nothing'}`);
}
const expected = {
  'clocks go forward': [['2026-03-29T01:00:00.000Z'], []],
  'clocks go back': [['2026-10-25T00:30:00.000Z'], ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']],
  'a night like others': [['2026-06-11T00:30:00.000Z'], ['2026-06-11T00:30:00.000Z']],
};
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node match.mjs || { echo 'this has changed'; exit 1; }
