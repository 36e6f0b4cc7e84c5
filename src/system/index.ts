// What the daemon says of itself: info, version, counts.
export { goArchitecture, infoOf, type SystemCounts, type SystemFacts, VERSION, versionOf } from './info.ts';
