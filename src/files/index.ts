// Files written below a directory that others may have filled.
export { type Directory, type Door, doorOf, type Name, WatchedDoor } from './door.ts';
export { type Attributes, type Conflict, partsOf, type Parts, TreeWriter } from './write.ts';
