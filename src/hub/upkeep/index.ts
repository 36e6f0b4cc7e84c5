// Work on the storage that no request asks for.
export { checkHub } from './check.ts';
export { type Collection, collect, collectRegularly } from './collect.ts';
export { scanStorage } from './scan.ts';
export { listRetention, planRetention, removeRetention, retain, setRetention } from './retain.ts';
