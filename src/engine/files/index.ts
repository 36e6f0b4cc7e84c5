// The verbs on a container's files: copied in and out, compared with the image, exported, made an image of.
export { archiveInfo, getArchive, type PathStat, putArchive, type PutWish } from './archive.ts';
export { changes, type FileChange } from './changes.ts';
export { commit, type CommitWish } from './commit.ts';
export { exportFiles, type Export } from './export.ts';
