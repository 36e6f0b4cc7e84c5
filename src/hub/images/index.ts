// Images from within: platforms, layers with the lines that made them, files, and what changed between two.
export {
  type Artifact,
  choosePlatform,
  type DescribedImage,
  describeImage,
  diffPlatforms,
  filesOf,
  imageFacts,
  layerFiles,
  type Library,
  packagesOf,
  type PlatformImage,
} from './describe.ts';
export { type Change, type FileChange, type ImageDiff, readPackages } from './diff.ts';
export type { LayerFile } from './list-layer.ts';
export { Listings } from './listings.ts';
export { type ImageConfig, type ImageLayer, instructionOf } from './read-config.ts';
export { childrenOf, type FolderNode, openHeavy } from './tree.ts';
export { treemap, type Tile } from './treemap.ts';
