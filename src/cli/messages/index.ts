// What errors mean, by stable codes, in the user's language.
export { codesPage, noteFor, pageOf } from './explain.ts';
