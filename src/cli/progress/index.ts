// Progress of long requests.
export { type Display, formatMessage, showProgress } from './display.ts';
