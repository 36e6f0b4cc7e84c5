// The disks of machines, made on Linux; loaded only where one has to be made.
export { berthDisk, installationOf } from './berth.ts';
export { debianSystem } from './system.ts';
