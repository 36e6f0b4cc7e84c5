// Progress of long requests.
export { type Display, showProgress } from './display.ts';
