// Compose: a project from its files, and what is to be done so that it runs.
export { networkHash, serviceHash, type Sum, volumeHash } from './print/hash.ts';
export { formatDuration, parseDuration } from './load/durations.ts';
export type { ProjectOptions } from './load/discover.ts';
export {
  type Loaded,
  type LoadedTree,
  type LoadOptions,
  loadModel,
  loadProject,
  resolveEnvironment,
} from './load/load.ts';
export { closure, type Services, withoutUnused } from './load/select.ts';
export type { Files, Host } from './load/source.ts';
export type * from './model/project.ts';
export { modelText, variableTable } from './print/model.ts';
export { projectJson, projectYaml } from './print/project.ts';
export { down, settleAll } from './down.ts';
export { ensureImages, type ImageOptions, type ImageSources } from './images.ts';
export { explainPlan, type Explained } from './explain.ts';
export { imageLabels, LABEL } from './create/labels.ts';
export { imageName, observeContainers, type ObservedContainer } from './observe.ts';
export { type UpOptions } from './plan.ts';
export { type ProgressEvent, type Report } from './progress.ts';
export { createOneOff } from './run.ts';
export { carryOut, up, type UpWork } from './up.ts';
export {
  killContainers,
  pauseContainers,
  removeContainers,
  restartContainers,
  startServices,
  stopContainers,
  type VerbWork,
  waitUntilReady,
} from './verbs.ts';
export * from './stack/index.ts';
export { runHook } from './hooks.ts';
export { syncPaths } from './sync.ts';
export { below, type Watched, watchRules, type WatchWork, watchWork } from './watch.ts';
export { chosenRevision, contentsOf, listRevisions, recordRevision, restoreImages } from './revisions.ts';
