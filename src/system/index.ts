export { goArchitecture, infoOf, type SystemCounts, type SystemFacts, VERSION, versionOf } from './info.ts';
