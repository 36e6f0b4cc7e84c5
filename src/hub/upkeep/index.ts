// Work on the storage that no request asks for.
export { scanStorage } from './scan.ts';
