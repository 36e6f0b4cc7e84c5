// The verbs on a container's files: copied in and out, compared with the image, exported, made an image of.
export { archiveInfo, getArchive, type PathStat, type PutOptions, putArchive } from './archive.ts';
export { changes, type FileChange } from './changes.ts';
export { type CommitRequest, commit } from './commit.ts';
export { type Export, exportFiles } from './export.ts';
