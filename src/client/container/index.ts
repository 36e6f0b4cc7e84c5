// What the client's side of a container needs: copies of its streams, and files that its settings name.
export { DetachKeys, parseKeys } from './detach-keys.ts';
export { openError, readKeyValueFile, withProfile } from './files.ts';
export { copyInput, copyOutput, type InputCopy, type Output } from './streams.ts';
