// Progress of long requests.
export { type Display, formatBar, showProgress } from './display.ts';
