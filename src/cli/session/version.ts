// What this program says of itself.
export const VERSION = {
  version: '0.1.0',
  commit: 'unknown',
  /** the newest API version that this client knows */
  api: '1.51',
} as const;
