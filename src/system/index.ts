// What the daemon says of itself: info, version, counts.
export { infoOf, type SystemCounts, type SystemFacts, VERSION, versionOf } from './info.ts';
