// Namespace modes: what a mode's text means, and which texts are modes at all.

/** The other container of `container:<name|id>`; undefined when the mode is another one. May be empty. */
export function joinedContainer(mode: string): string | undefined {
  return mode.startsWith('container:') ? mode.slice('container:'.length) : undefined;
}

export function isValidIpcMode(mode: string): boolean {
  return ['', 'none', 'private', 'host', 'shareable'].includes(mode) || joinedContainer(mode) !== undefined;
}

export function isValidPidMode(mode: string): boolean {
  return mode === '' || mode === 'host' || (joinedContainer(mode) ?? '') !== '';
}

/** A network that a user made: no mode of the engine's own. */
export function isUserNetwork(mode: string): boolean {
  return !['default', 'bridge', 'host', 'none', ''].includes(mode) && joinedContainer(mode) === undefined;
}

/** Neither the host's network nor another container's. */
export function isOwnNetwork(mode: string): boolean {
  return mode !== 'host' && joinedContainer(mode) === undefined;
}
