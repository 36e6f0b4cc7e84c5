// The versions of the Engine API that Berth speaks.

export const MAX_MINOR = 55;
export const MIN_MINOR = 24;
export const API_VERSION = `1.${MAX_MINOR}`;
export const MIN_API_VERSION = `1.${MIN_MINOR}`;
