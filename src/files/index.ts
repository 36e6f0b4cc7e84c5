// Files written where others write too: below a directory that they may have filled, or in place of a file that they read.
export { type Directory, type Door, doorOf, type Name, WatchedDoor } from './door.ts';
export { openResult, type Pending, putResult, replaceFile } from './replace.ts';
export { type Attributes, type Conflict, partsOf, type Parts, TreeWriter } from './write.ts';
