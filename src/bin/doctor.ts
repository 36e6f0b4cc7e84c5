// The program of `berth doctor`.
export { main } from '../doctor/index.ts';
