// Sizes of flags, with the errors that the help of a flag repeats.
export { readBytes as parseBytes } from '../../base/units.ts';
