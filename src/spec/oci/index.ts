// The formats of the Open Container Initiative as data.
export * from './image.ts';
export * from './platform.ts';
