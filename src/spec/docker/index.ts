// Docker's Engine API as data.
export * from './container.ts';
export * from './exec.ts';
export * from './image.ts';
export * from './messages.ts';
export * from './network.ts';
export * from './port.ts';
export * from './routes.ts';
export * from './system.ts';
export * from './volume.ts';
export * from './version.ts';
