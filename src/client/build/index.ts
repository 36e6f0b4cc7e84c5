// Building over Berth's own connection: what is asked for, what this machine gives to it, and what comes back.
export type { OutputPlace } from './output.ts';
export { type Machine, prepareBuild, type PreparedBuild } from './prepare.ts';
export { pushedNames } from './pushed.ts';
export { type BuildShorthand, PLAIN_BUILD } from './shorthand.ts';
export { BuildFailure, type BuildSources, runSession, type ShellWire } from './session.ts';
